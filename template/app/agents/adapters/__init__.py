"""One module a framework, each with `AGENT`: the class of its agents."""
