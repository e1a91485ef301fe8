"""A workflow that does nothing."""
