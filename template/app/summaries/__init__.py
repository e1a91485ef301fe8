"""A first, small workflow to start from, or to delete."""
