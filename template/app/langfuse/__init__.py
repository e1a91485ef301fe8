"""Langfuse besides traces: prompts that are managed there, and scores of what people say. See README.md."""
