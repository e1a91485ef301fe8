"""The Celery task of conversations, called by the clock."""

from celery import shared_task

from app.worker import run_in_loop


@shared_task(name="chat.prune")
def prune_conversations() -> None:
    """Delete the conversations that are older than the settings say."""
    from app.chat.retention import prune

    run_in_loop(prune())
