"""The chunks in LanceDB: files beside the project, or in an object store. See README.md."""
