"""Workflows and prompts for MCP clients. See README.md."""
