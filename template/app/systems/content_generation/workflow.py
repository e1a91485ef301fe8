"""Outline, sections in parallel, then measure, criticise and revise until it is good enough."""

from decimal import Decimal

from app.graphs import ForEach, Function, Graph, Loop, Model
from app.llm import as_data
from app.systems.content_generation.schemas import (
    Article,
    Brief,
    Critique,
    Draft,
    Measured,
    Outline,
    Task,
)
from app.systems.content_generation.style import count_words, problems_of


def the_brief(input: Brief) -> str:
    """Return the brief as data."""
    return as_data("brief", input.model_dump_json(indent=2))


def wishes(input: Brief) -> dict[str, object]:
    """Return what the instructions need to know."""
    return {"language": input.language, "audience": input.audience, "tone": input.tone}


def plan(input: Brief, outline: Outline) -> list[Task]:
    """Share out the words among the sections."""
    words = max(20, input.words // len(outline.parts))
    return [
        Task(title=outline.title, heading=part.heading, points=part.points, words=words)
        for part in outline.parts
    ]


def the_task(item: Task, input: Brief) -> str:
    """Return what one section has to say."""
    return as_data("task", item.model_dump_json(indent=2)) + "\n" + the_brief(input)


def assemble(outline: Outline, tasks: list[Task], sections: list[str]) -> Draft:
    """Put the sections together under their headings."""
    parts = [f"## {task.heading}\n\n{text.strip()}" for task, text in zip(tasks, sections, strict=True)]
    return Draft(markdown="\n\n".join([f"# {outline.title}", *parts]))


def measure(input: Brief, draft: Draft, measured: Measured | None) -> Measured:
    """Check what code can check, and remember the best draft: a revision may be worse."""
    problems = problems_of(draft.markdown, input)
    best = draft if measured is None else better(input, draft, measured.best)
    return Measured(words=count_words(draft.markdown), problems=problems, draft=draft, best=best)


def better(input: Brief, newer: Draft, older: Draft) -> Draft:
    """Return the draft with fewer problems; of two with as many the newer one."""
    return min((newer, older), key=lambda draft: len(problems_of(draft.markdown, input)))


def to_criticise(input: Brief, draft: Draft) -> str:
    """Return the draft and the brief for the critic."""
    return as_data("draft", draft.markdown) + "\n" + the_brief(input)


def is_good(measured: Measured, critique: Critique) -> bool:
    """Whether both code and the critic are content."""
    return critique.good_enough and not measured.problems


def to_revise(input: Brief, draft: Draft, measured: Measured, critique: Critique) -> str:
    """Return the draft with everything that is wrong with it."""
    wrong = "\n".join(f"- {remark}" for remark in [*measured.problems, *critique.remarks])
    return "\n".join([as_data("draft", draft.markdown), as_data("remarks", wrong), the_brief(input)])


def publish(
    input: Brief,
    outline: Outline,
    draft: Draft,
    measured: Measured,
    critique: Critique,
) -> Article:
    """Return the best draft with what is still wrong with it: nothing is hidden."""
    best = better(input, draft, measured.best)
    text = best.markdown
    return Article(
        title=outline.title,
        markdown=text,
        words=count_words(text),
        problems=problems_of(text, input),
        remarks=critique.remarks if best == measured.draft else [],
    )


content_generation = Graph(
    name="content_generation",
    summary="Write an article from a brief.",
    input=Brief,
    output=Article,
    nodes=[
        Model(
            name="outline",
            prompt="systems.content_generation.outline",
            message=the_brief,
            variables=wishes,
            output_type=Outline,
        ),
        Function(name="plan", call=plan, output="tasks"),
        ForEach(
            name="sections",
            over="tasks",
            node=Model(
                name="section",
                prompt="systems.content_generation.section",
                message=the_task,
                variables=wishes,
                attempts=2,
            ),
        ),
        Function(name="assemble", call=assemble, output="draft"),
        Loop(
            name="improve",
            nodes=[
                Function(name="measure", call=measure, output="measured"),
                Model(
                    name="critique",
                    prompt="systems.content_generation.critique",
                    message=to_criticise,
                    output_type=Critique,
                ),
                Model(
                    name="revise",
                    prompt="systems.content_generation.revise",
                    message=to_revise,
                    variables=wishes,
                    output_type=Draft,
                    output="draft",
                ),
            ],
            until=is_good,
            after="critique",
            max_rounds=3,
        ),
        Function(name="publish", call=publish),
    ],
    example={"topic": "Why small language models matter", "words": 160, "must_mention": ["privacy"]},
    max_cost=Decimal("1.00"),
    max_requests=40,
)
