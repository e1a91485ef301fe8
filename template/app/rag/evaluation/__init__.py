"""How good retrieval is, measured on labelled questions: `app eval retrieval`."""
