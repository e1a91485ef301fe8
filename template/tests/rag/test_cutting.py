"""Where documents are cut, and what of a text is a word."""

import pytest

from app.parsing import Section
from app.rag.chunking import by_subject, chunk
from app.rag.languages import language_of
from app.rag.settings import RagSettings
from app.rag.splitting import count_tokens, split
from app.rag.words import keyword_text

SENTENCES = " ".join(f"Sentence number {number} is about a thing." for number in range(300))


def settings(**changes: object) -> RagSettings:
    return RagSettings.model_validate({"chunk_tokens": 100, "chunk_overlap": 20, **changes})


@pytest.mark.parametrize(
    "text", [SENTENCES, "x" * 5000, "東京都" * 2000, "word\n\n" * 3000, "\U0001d518" * 900]
)
def test_no_piece_has_more_tokens_than_it_may(text: str) -> None:
    pieces = list(split(text, 100, 20))

    assert len(pieces) > 1
    assert max(map(count_tokens, pieces)) <= 103  # a text that begins elsewhere may have a token more


def test_nothing_of_a_text_is_lost() -> None:
    pieces = list(split(SENTENCES, 100, 0))

    assert " ".join(pieces) == SENTENCES


def test_pieces_end_with_a_sentence_and_begin_with_the_last_ones_of_the_piece_before() -> None:
    first, second, *_ = split(SENTENCES, 100, 30)

    assert first.endswith("thing.")
    assert second.startswith("Sentence number")
    assert second[:30] in first


def test_a_chunk_stays_below_its_heading() -> None:
    chunks = chunk(
        [Section("One.", 1, ("A",)), Section("Two.", 1, ("A", "B")), Section("Three.", 2, ("C",))], settings()
    )

    assert [(c.text, c.page, c.headings, c.position) for c in chunks] == [
        ("One.", 1, ("A",), 0),
        ("Two.", 1, ("A", "B"), 1),
        ("Three.", 2, ("C",), 2),
    ]


def test_recursive_chunking_joins_what_follows_on_a_page() -> None:
    sections = [Section("One.", 1, ("A",)), Section("Two.", 1, ("B",)), Section("Three.", 2, ("C",))]

    assert [c.text for c in chunk(sections, settings(chunking="recursive"))] == [
        "One.\n\nB\n\nTwo.",
        "Three.",
    ]


def test_a_table_is_cut_between_rows_and_keeps_its_head() -> None:
    head = "| part | price |\n|---|---|"
    rows = [f"| lamp {number} | {number} euros |" for number in range(60)]

    chunks = chunk([Section("\n".join((head, *rows)), 1, (), "table")], settings())

    assert len(chunks) > 3
    assert all(c.text.startswith(head) and c.kind == "table" for c in chunks)
    assert [row for c in chunks for row in c.text.split("\n")[2:]] == rows


def test_semantic_chunking_cuts_where_the_subject_changes() -> None:
    lamps = "The lamp is made of brass. The lamp has a shade of silk. Each lamp needs a bulb. "
    taxes = "The tax on income is due in May. A late tax return costs interest. The tax office sends a bill."

    pieces = by_subject(lamps + taxes)

    assert any(piece.startswith("The tax on income") for piece in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Order ZXQ-9917!", "order zxq 9917 zxq9917"),
        ("snake_case_name", "snake case name snakecasename"),
        ("v3.7.11", "v3 7 11 v3711"),
        ("it's e-mail", "it s e mail email"),
        ("東京都", "東京 京都"),
        ("\N{LATIN SMALL LIGATURE FI}ne", "fine"),
        ("' | & ! : * <-> \\", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert keyword_text(text) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The lamp is in the house and it is of brass.", "english"),
        ("Die Lampe ist in dem Haus und sie ist nicht aus Messing.", "german"),
        ("La lampe est dans la maison et elle n'est pas en laiton, pour les amis.", "french"),
        ("x = 1; y = 2", "simple"),
        ("", "simple"),
        ("東京都に住んでいます", "simple"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language
