"""Which documents were accepted, for all workers to know."""
