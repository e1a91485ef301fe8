"""Errors of the queue."""

from app.core.errors import ServiceUnavailable


class SchedulerStopped(ServiceUnavailable):
    """Nothing runs the schedules: lost messages are not sent again, and no callback is retried."""


class BrokerUnavailable(ServiceUnavailable):
    """The message broker cannot be reached or refuses us."""
