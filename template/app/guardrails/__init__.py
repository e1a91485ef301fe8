"""Guards around models and tools: injected instructions, personal data, leaks, active markup."""
