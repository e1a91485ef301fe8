"""The judge and the moderation endpoint, against a server that speaks OpenAI's protocol."""
