"""The queues, as each broker wants them. Who sends and who receives must declare them alike."""

from kombu import Exchange, Queue

DEFAULT_QUEUE = "default"
_DEAD = "dead"
_DELIVERIES = 5
"""How often RabbitMQ delivers a message that takes its worker down, before it is put aside."""


def is_rabbitmq(broker_url: str) -> bool:
    """Whether the broker is RabbitMQ; the other one is Valkey."""
    return broker_url.startswith("amqp")


def queue(name: str, broker_url: str) -> Queue:
    """Return a queue. RabbitMQ keeps it on several nodes (quorum), and puts aside what kills workers."""
    if not is_rabbitmq(broker_url):
        return Queue(name)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": _DELIVERIES,
        "x-dead-letter-exchange": _DEAD,
        "x-dead-letter-routing-key": _DEAD,
    }
    return Queue(name, Exchange(name, type="direct"), routing_key=name, queue_arguments=arguments)


def dead_letters() -> Queue:
    """Return the queue in which RabbitMQ puts messages aside. The relay sends their runs again."""
    exchange = Exchange(_DEAD, type="direct")
    return Queue(_DEAD, exchange, routing_key=_DEAD, queue_arguments={"x-queue-type": "quorum"})


def broker_priority(priority: int, broker_url: str) -> int:
    """Return what the broker wants for a priority of 0 to 9: with Valkey, the lowest number comes first."""
    return priority if is_rabbitmq(broker_url) else 9 - priority
