"""What models have taken, for whom, and what they may take. See README.md."""
