"""Runs: work that is accepted now, done by a worker, and answered when it is done. See README.md."""
