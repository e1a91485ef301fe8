"""The vectors in Chroma; the chunks and their words in PostgreSQL. See README.md."""
