"""A research team: one plans, several look things up, one criticises, one writes; code checks the sources."""
