"""TCP ports of this machine."""

import socket

from app.core.errors import AppError


class PortInUse(AppError):
    """Another program listens on the port."""


def require_free_port(host: str, port: int) -> None:
    """Raise an error with what to do if nothing can listen on `host:port`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports in TIME_WAIT are free
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(
                f"Cannot listen on {host}:{port}: {error.strerror}.",
                hint="Only root may use ports below 1024: choose --port 8080."
                if isinstance(error, PermissionError)
                else f"Stop the program that uses it, or choose another: --port {port % 65535 + 1}.",
            ) from None


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
