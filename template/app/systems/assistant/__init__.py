"""A personal assistant: answers by code where code can, and asks an agent with tools for the rest."""
