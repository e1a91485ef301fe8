"""Conversations with a model, behind the wire format of OpenAI's API. See README.md."""
