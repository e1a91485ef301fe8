"""Run an `app` command that ends when `app dev` is gone, however that ended.

    python -m app.dev.child worker

`app dev` holds the other end of our standard input. When it dies, the system closes that end.
"""

import os
import signal
import sys
import threading

from app.cli import main


def _end_with_parent() -> None:
    while os.read(
        sys.stdin.fileno(), 1
    ):  # not sys.stdin.read(): it holds a lock that Python wants at its end
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main()
