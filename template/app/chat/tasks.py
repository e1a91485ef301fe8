"""What the clock calls."""

from app.worker import Schedule, run_in_loop


def prune_conversations() -> None:
    """Delete the conversations that are older than the settings say."""
    from app.chat.retention import prune

    run_in_loop(prune())


PRUNE = Schedule(seconds=3600, work=prune_conversations)
