"""The measures on published values, datasets, the shipped set, and the gate."""

import json
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.core.quotations import plain_words
from app.rag.evaluation.datasets import Label, Question, load_dataset
from app.rag.evaluation.drafting import draft, save
from app.rag.evaluation.metrics import hit_rate, interval, ndcg, precision, recall, reciprocal_rank
from app.rag.evaluation.picture import draw
from app.rag.evaluation.run import Report, evaluate, measure
from app.rag.evaluation.shipped import shipped_dataset, shipped_documents
from tests.rag.fixtures import Put

# Manning, Raghavan and Schütze, chapter 8: R N R N N R N R with 4 of 5 relevant documents found
RANKING = [{0}, set(), {1}, set(), set(), {2}, set(), {3}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (recall(RANKING, 5, 8), 0.8),
        (recall(RANKING, 5, 3), 0.4),
        (precision(RANKING, 5, 8), 0.5),
        (precision(RANKING, 5, 10), 0.4),
        (reciprocal_rank(RANKING, 5, 8), 1.0),
        (reciprocal_rank([set(), set(), {0}], 1, 10), 1 / 3),
        (reciprocal_rank([set(), set(), {0}], 1, 2), 0.0),
        (ndcg([{0}, {1}, {2}], 3, 3), 1.0),
        # (1/log2(2) + 1/log2(4) + 1/log2(7) + 1/log2(9)) / (1/log2(2) + … + 1/log2(6))
        (ndcg(RANKING, 5, 8), 0.7365),
        (ndcg([set(), {0}], 1, 10), 0.6309),
        (ndcg([{0}, {0}], 1, 10), 1.0),
        (hit_rate([set(), {0}], 1, 1), 0.0),
        (hit_rate([set(), {0}], 1, 2), 1.0),
    ],
)
def test_measures(value: float, expected: float) -> None:
    assert value == pytest.approx(expected, abs=0.0005)


def test_the_interval_of_a_mean_holds_it_and_is_the_same_every_time() -> None:
    values = [0.0, 1.0] * 50

    low, high = interval(values)

    assert low < 0.5 < high
    assert high - low == pytest.approx(0.2, abs=0.05)
    assert interval(values) == (low, high)


def test_a_label_is_fulfilled_by_its_words_in_its_document() -> None:
    label = Label(source="wal.md", quote="the WAL file")

    assert label.is_fulfilled_by("docs/wal.md", "In  the wal\nfile, it")
    assert not label.is_fulfilled_by("docs/awal.md", "the WAL file")
    assert not label.is_fulfilled_by("wal.md", "another file")


def test_a_hit_counts_once_for_each_label() -> None:
    question = Question(question="?", relevant=(Label(source="a", quote="x"), Label(source="a", quote="y")))

    values = measure(question, [("a", "x"), ("a", "x"), ("a", "y")], 10)

    assert (values["recall"], values["mrr"]) == (1.0, 1.0)
    assert values["ndcg"] == pytest.approx((1 + 0.5) / (1 + 1 / 1.585), abs=0.001)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("questions: []", "questions"),
        ("questions:\n  - question: x\n    relevnt: []", "relevnt"),
        ("a: [", "not YAML"),
        ("[]", "not a dataset"),
    ],
)
def test_a_dataset_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "questions.yml"
    path.write_text(text)

    with pytest.raises(InvalidInput, match=message):
        load_dataset(path)


def test_a_dataset_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"questions\.yml cannot be read"):
        load_dataset(tmp_path / "questions.yml")


def test_every_label_of_the_shipped_set_stands_in_its_document() -> None:
    texts = {name: plain_words(content.decode()) for name, content in shipped_documents().items()}

    missing = [
        (question.question, label.quote)
        for question in shipped_dataset().questions
        for label in question.relevant
        if plain_words(label.quote) not in texts.get(label.source, "")
    ]

    assert missing == []


def test_the_shipped_set_is_large_and_varied() -> None:
    dataset = shipped_dataset()
    tags = {tag for question in dataset.questions for tag in question.tags}

    assert len(dataset.questions) >= 150
    assert {"identifier", "paraphrase", "negation", "version", "language", "unanswerable"} <= tags
    assert min(len(dataset.of("tune")), len(dataset.of("test"))) > 80
    assert len({question.question for question in dataset.questions}) == len(dataset.questions)


async def test_every_question_is_asked_and_failures_are_kept() -> None:
    async def find(_question: str, _profile: str) -> list[tuple[str, str]]:
        return [("wal.md", "the WAL file")]

    report = await evaluate(shipped_dataset(), "hybrid", find, k=10, part="test")

    shown = report.as_dict()
    assert len(report.results) == len(shipped_dataset().of("test"))
    assert shown["rejected"] == 0.0
    assert len(shown["failures"]) > 80
    assert shown["failures"][0]["found"] == [{"source": "wal.md", "text": "the WAL file"}]


def test_the_picture_has_a_bar_for_each_profile() -> None:
    svg = draw([Report("dense", 10), Report("<hybrid>", 10)])

    assert svg.startswith("<svg")
    assert svg.count("<rect") == 2
    assert "&lt;hybrid&gt;" in svg


async def test_a_draft_quotes_what_stands_in_the_documents(put: Put, tmp_path: Path) -> None:
    await put("A lamp of brass may be returned within thirty days of its delivery. " * 5, "lamps.md")

    save(tmp_path / "draft.yml", await draft(3))

    dataset = load_dataset(tmp_path / "draft.yml")
    assert len(dataset.questions) >= 1
    assert json.dumps([label.source for q in dataset.questions for label in q.relevant]).count("lamps.md")
