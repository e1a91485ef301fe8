"""Keep the project up to date with its template, and see to it that no edit is lost. See README.md."""
