"""The OpenAI-compatible endpoint. See README.md."""
