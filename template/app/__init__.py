"""The application. One folder is one feature: see `app/core/registry.py`."""
