"""`python -m app` is the `app` command."""

from app.cli import main

main()
