"""A worker outlives a Valkey that goes away while it works."""

from types import SimpleNamespace
from typing import Any

from app.worker.valkey import PatientQoS

CUT_OFF: Any = SimpleNamespace(connection=SimpleNamespace(client=None), do_restore=False)


def test_messages_of_a_connection_that_is_gone_are_let_go() -> None:
    qos = PatientQoS(CUT_OFF)

    qos.ack("a tag")

    assert qos.restore_unacked() is None
