"""Locks between the processes of this machine."""

from typing import IO


def lock(file: IO[str] | int, *, shared: bool = False, wait: bool = True) -> bool:
    """Lock an open file until it is closed.

    Without `wait`, return whether that was possible at once.
    """
    import fcntl  # not there on Windows

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
