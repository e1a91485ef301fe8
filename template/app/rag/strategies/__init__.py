"""The strategies of retrieval, each a function of a question or of hits. A profile says which are used."""
