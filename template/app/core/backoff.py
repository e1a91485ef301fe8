"""How long to wait before another attempt."""

import random


def backoff(attempt: int, *, first: float, longest: float, factor: float = 2) -> float:
    """Return the seconds to wait after a failed attempt (1 is the first): exponential, half of it jitter.

    The jitter keeps those that failed together from trying again together
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter, "equal jitter").
    """
    wait = min(longest, first * factor ** (attempt - 1))
    return random.uniform(wait / 2, wait)
