"""A developer's machine: embedded services, and all processes with one command. Not for production."""
