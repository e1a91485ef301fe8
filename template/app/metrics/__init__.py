"""Numbers for Prometheus: how many, how long, how much. See README.md."""
