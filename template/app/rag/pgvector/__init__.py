"""The index in PostgreSQL: vectors by pgvector, words by BM25, both in one statement. See README.md."""
