"""What an agent remembers of a conversation."""

from collections.abc import Sequence

from app.llm import Message


class Memory:
    """The latest turns, each as a whole: what the user said, and all that followed.

    result = await agent.run("What is my name?", history=memory.recall())
    memory.remember(result.transcript)
    """

    def __init__(self, turns: int = 20) -> None:
        if turns < 1:
            raise ValueError("a memory has at least one turn")
        self._turns = turns
        self._messages: tuple[Message, ...] = ()

    def recall(self) -> Sequence[Message]:
        """Return the conversation so far, without the turns that are too old."""
        return self._messages

    def remember(self, transcript: Sequence[Message]) -> None:
        """Keep a conversation instead of the one before."""
        begins = [index for index, message in enumerate(transcript) if message.role == "user"]
        first = begins[-self._turns] if len(begins) > self._turns else 0
        self._messages = tuple(transcript[first:])
