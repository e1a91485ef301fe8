"""Labelled cases from what happened in production."""
