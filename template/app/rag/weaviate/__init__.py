"""The chunks in Weaviate. See README.md."""
