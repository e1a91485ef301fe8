"""The Model Context Protocol: our server, and the tools of others for our agents."""
