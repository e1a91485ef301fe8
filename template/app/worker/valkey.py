"""What kombu 5.7 needs to outlive a Valkey that goes away while messages are being worked on."""

from typing import Any

import structlog
from kombu.transport.redis import Channel, QoS

log = structlog.get_logger(__name__)


class PatientQoS(QoS):
    """Lets go of messages whose connection is gone.

    kombu would look for it, fail with an `AttributeError`, and end the worker. Nothing is lost: the relay
    sends the runs again.
    """

    def restore_unacked(self, client: Any = None) -> Any:
        """Give messages back to the broker, if it is there."""
        if self._is_cut_off():
            delivered: dict[str, Any] = self._delivered or {}
            log.warning("broker.gone", messages=len(delivered))
            delivered.clear()
            return None
        return super().restore_unacked(client)

    def ack(self, delivery_tag: Any) -> None:
        """Tell the broker that a message is done, if it is there."""
        if not self._is_cut_off():
            super().ack(delivery_tag)

    def _is_cut_off(self) -> bool:
        connection = self.channel.connection
        return connection is None or connection.client is None


def install() -> None:
    """Let every connection to Valkey use it."""
    Channel.QoS = PatientQoS
