"""What every feature stands on. Imports no feature and needs no database."""
