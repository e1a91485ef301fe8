"""Complete example systems, one folder each: see the README.md inside."""
