"""Settings of the guards (`GUARDRAIL_…`): each has its own switch.

`off`; `report` only says in traces, metrics and the log what it would do; the others act.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.core.settings import FromJson, List, Settings

Switch = Literal["off", "report", "refuse"]
Mask = Literal["off", "report", "mask", "refuse"]
Removal = Literal["off", "report", "remove", "refuse"]


class GuardrailSettings(Settings):
    """What is done about what comes in, goes out, and is done with tools."""

    model_config = SettingsConfigDict(env_prefix="GUARDRAIL_")

    injection: Switch = "refuse"
    """Users who tell the model to ignore its instructions, play a role without rules, or show its prompt."""

    injection_in_data: Removal = "remove"
    """Instructions in documents, e-mails and what tools say: their sentences are removed."""

    personal_data: Mask = "off"
    """Personal data on its way to the model. `mask` sends placeholders, and puts the data back in the answer:
    what has to check the data itself, such as an invoice's IBAN, does not work with it."""

    max_input_characters: int = Field(1_000_000, ge=1)
    """Of the last message of a conversation; a longer one is refused."""

    topics: List = ()
    """What users may talk about, such as `orders,shipping`; needs GUARDRAIL_JUDGE."""

    judge: str | None = None
    """A model, `provider:name`, that looks for attacks and other topics in what users say: a further call."""

    moderation: Switch = "off"
    """OpenAI's moderation endpoint for what users say, and for answers that are not streamed."""

    secrets: Mask = "mask"
    """Keys and passwords in answers: those of the settings, and what looks like one."""

    instructions: Mask = "mask"
    """Twenty words of the instructions (system prompt) or more, word for word, in answers."""

    personal_data_in_answers: Mask = "off"
    """Personal data in answers that the user has not written in the same conversation."""

    markup: Literal["off", "report", "clean"] = "clean"
    """Scripts and other active HTML, `javascript:` links and images of other hosts in answers, not code."""

    image_hosts: List = ()
    """Hosts whose images answers may show, such as `cdn.example.com`."""

    irreversible_tools: Switch = "refuse"
    """Tools marked as irreversible, once a conversation holds what tools or documents say."""

    tools_of: Annotated[dict[str, list[str]], NoDecode, FromJson] = Field({})
    """Agents that may use these tools only, as JSON: `{"assistant": ["find_order"]}`."""

    fail_closed: bool = True
    """When a guard itself fails: refuse (true), or go on without it and say so (false)."""

    @model_validator(mode="after")
    def _topics_need_a_judge(self) -> "GuardrailSettings":
        if self.topics and not self.judge:
            raise ValueError("GUARDRAIL_TOPICS needs GUARDRAIL_JUDGE, the model that tells topics apart")
        return self
