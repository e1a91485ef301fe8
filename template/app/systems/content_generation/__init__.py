"""From a brief to an article: written in parts, criticised, revised, and measured by code."""
