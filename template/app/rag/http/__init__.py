"""Documents and their search over HTTP; each document is a run."""
