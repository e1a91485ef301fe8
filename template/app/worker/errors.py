"""Errors of the queue."""

from app.core.errors import ServiceUnavailable


class BrokerUnavailable(ServiceUnavailable):
    """The message broker cannot be reached or refuses us."""

    code = "broker-unavailable"
    title = "Broker unavailable"
