"""The rules for instructions that do not come from whom they should: what attacks have in common.

`rules.yml` has groups of words that follow each other, for text as it is `visible`. README.md says with
figures how much they find. They are a net, not the wall: what keeps an attack harmless is that texts of
others are marked as data, and that tools ask.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from app.guardrails.words import Words, words

Kind = Literal["override", "role", "reveal", "format", "address", "act"]
"""Ignore what was said · be somebody without rules · show your instructions · marks of a chat's format ·
words to the model in a text that is not for it · what it is to do there."""

_GAP = 40


@dataclass(frozen=True)
class Rule:
    """What an attack says."""

    kind: Kind
    groups: tuple[Words, ...]
    gap: int
    """Characters that may stand between two of the words."""
    only_in_data: bool
    """Users may say it; documents, e-mails and tools have no reason to."""


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return the rules."""
    rows = yaml.safe_load(Path(__file__).with_name("rules.yml").read_text(encoding="utf-8"))
    return tuple(
        Rule(
            row["kind"],
            tuple(words(*group) for group in row["words"]),
            row.get("gap", _GAP),
            row.get("only_in_data", False),
        )
        for row in rows
    )


FORMATS = re.compile(
    r"<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id|end|user|assistant)\|?>?"
    r"|\[/?inst\]|<</?sys>>|<start_of_turn>|(?:^|\n)[ \t]*</?system[_-]prompt>"
    r"|(?:^|\n)[ \t]*#{2,}[ \t]*(?:system|admin(?:istrator)?|new instructions?|instructions? override)[ \t]*"
    r"(?:prompt|message|note)?[ \t]*(?:#{2,})?:?[ \t]*(?:\n|$)"
    r"|\b(?:begin|start|end) (?:of )?(?:system|admin(?:istrator)?|developer) "
    r"(?:message|prompt|note|instructions?|override)\b"
    r"|(?:^|\n|[.!?] )[ \t]*[\[(](?:system|admin|developer)(?: (?:message|prompt|note|override|notice))?[\])]"
    r"|</(?:instructions|user_input|tool_response|tool_output)>"
    r"|(?:^|\n)[-= ]*end of (?:conversation|tool output|user input|context|instructions)[-= ]*(?:\n|$)"
    r"|(?:^|\n|[.!?] )[ \t]*system (?:message|prompt|override|instruction)s?\]?[ \t]*:"
)
"""Marks of a chat's format. They stand for nothing a user or a document has to say."""
