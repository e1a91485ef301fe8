from typing import Any

import pytest

from app.graphs import observe
from app.systems.content_generation.chat import write
from app.systems.content_generation.schemas import Article, Brief
from app.systems.content_generation.scoring import score
from app.systems.content_generation.style import count_words, problems_of
from app.systems.content_generation.workflow import content_generation
from tests.llm.fake_provider import FakeProvider
from tests.systems.cases import Case, load_cases, name_of


@pytest.mark.parametrize("case", load_cases("content_generation"), ids=name_of)
async def test_labelled_cases(case: Case) -> None:
    observed = await observe(content_generation, Brief.model_validate(case["input"]))

    scores = score(observed, case["expected"])
    assert all(scores.values()), (scores, observed)


def sentences(numbers: range) -> str:
    """Return sentences of six words each."""
    return "".join(f" Lamp number {n} is good here." for n in numbers)


GOOD = f"# Lamps\n\n## One\n\nA lamp gives light.{sentences(range(8))}\n\n## Two\n\nBuy one lamp."
LONG_ENOUGH = GOOD + sentences(range(8, 11))


def problems(markdown: str = GOOD, **brief: Any) -> str:
    wanted = Brief.model_validate({"topic": "Lamps", "words": 80, **brief})
    return "; ".join(problems_of(markdown, wanted))


def test_a_good_draft_has_no_problems() -> None:
    assert count_words(GOOD) == 58
    assert problems(LONG_ENOUGH) == ""


@pytest.mark.parametrize(
    ("markdown", "problem"),
    [
        (GOOD, "write between 64 and 96"),
        (GOOD.replace("# Lamps\n", "Lamps\n", 1), "begin with its title"),
        (GOOD.replace("## Two", "Two"), "fewer than two sections"),
        (GOOD + "\n\n## Three\n", "a section is empty"),
        (GOOD + "\n\n## Three\n\n" + "word " * 50, "more than 45 words"),
        (GOOD + " Let us delve into lamps.", "'delve into'"),
        (GOOD + " [insert name here]", "placeholder"),
        (GOOD + " TODO", "placeholder"),
        (GOOD + " It is good to have one." * 3, "says 'It is good to have one' 3 times"),
        (GOOD + " 87.3% of all people own one.", "states '87.3%'"),
        (GOOD + " That is known (Smith et al. 2023).", "refers to '(Smith et al. 2023)'"),
    ],
)
def test_code_finds_what_is_wrong_with_a_draft(markdown: str, problem: str) -> None:
    assert problem in problems(markdown)


@pytest.mark.parametrize("more", [" [your guide](https://example.com)", " Como todo.", " It is an aide."])
def test_code_finds_nothing_wrong_with_what_is_right(more: str) -> None:
    assert problems(LONG_ENOUGH + more) == ""


def test_where_words_are_not_spaced_characters_count() -> None:
    assert count_words("小语言模型") == 5


def test_an_apostrophe_is_one_however_it_is_written() -> None:
    assert "Levi" not in problems(GOOD + " Levi\u2019s", must_mention=["Levi's", "Levi\u2019s"])


def test_code_finds_what_is_not_mentioned() -> None:
    assert "does not mention 'Candles'" in problems(must_mention=["Candles", "LAMP"])


async def test_what_cannot_be_mended_is_said() -> None:
    article = await content_generation.execute(Brief(topic="Lamps", must_mention=["delve into"]))

    assert article.problems == ["it says 'delve into': leave that out"]


def test_a_figure_of_the_brief_may_be_stated() -> None:
    text = LONG_ENOUGH + " 87.3% of all people own one."

    assert problems(text, topic="Lamps: 87.3% of all people own one") == ""


async def test_the_best_draft_is_published_not_the_last(provider: FakeProvider) -> None:
    parts = [{"heading": "One", "points": ["light"]}, {"heading": "Two", "points": ["lamp"]}]
    section = sentences(range(6))
    critique: dict[str, Any] = {"good_enough": False, "remarks": ["Shorter."]}
    provider.answers.extend([{"title": "Lamps", "parts": parts}, section, section])
    provider.answers.extend([critique, {"markdown": "# X"}] * 3)

    article = await content_generation.execute(Brief(topic="Lamps", words=80))

    assert article.markdown.startswith("# Lamps")
    assert article.problems == []


def test_the_chat_shows_what_is_still_wrong() -> None:
    article = Article(title="Lamps", markdown="# Lamps", words=1, problems=["it is short"], remarks=["Dull."])

    assert "- it is short" in write(article)
    assert "- Dull." in write(article)
