"""Plan, research at the same time, weigh the evidence, criticise, perhaps once more; then write and check."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from app.agents import AgentError
from app.core.errors import TimedOut
from app.graphs import END, Agent, ForEach, Function, Graph, Loop, Model, Router, Rule
from app.llm import ModelUnavailable, as_data
from app.systems.multi_agent import checking, library
from app.systems.multi_agent.schemas import (
    Claim,
    Evidence,
    Findings,
    Plan,
    Report,
    ResearchQuestion,
    Review,
    Source,
    Written,
)

if TYPE_CHECKING:
    from app import agents


def the_question(input: ResearchQuestion) -> str:
    """Return the question as data."""
    return as_data("question", input.question)


def number_of_workers(input: ResearchQuestion) -> dict[str, object]:
    """Return what the planner has to know."""
    return {"workers": input.workers}


def next_tasks(
    input: ResearchQuestion, plan: Plan, evidence: Evidence | None, review: Review | None
) -> list[str]:
    """Return what is to be looked up: the plan at first, then the gaps that the critic sees."""
    wanted = plan.tasks if review is None else review.gaps
    return list(dict.fromkeys(task.strip() for task in wanted if task.strip()))[: input.workers]


def make_worker() -> "agents.Agent[Findings]":
    """Make an agent that looks one thing up."""
    from app.agents import Limits, make_agent, tool
    from app.llm import load_prompt

    return make_agent(
        "researcher",
        load_prompt("systems.multi_agent.research").render(),
        output_type=Findings,
        tools=[tool(library.search_sources), tool(library.read_source)],
        limits=Limits(steps=8),
    )


def the_task(item: str, input: ResearchQuestion) -> str:
    """Return what one worker has to find out, and what for."""
    return f"{as_data('task', item)}\n{the_question(input)}"


async def weigh(findings: list[Findings | None], evidence: Evidence | None) -> Evidence:
    """Hold every claim against its source; keep what was found in earlier rounds."""
    earlier = evidence or Evidence(claims=[], dropped=[])
    found = [each for each in findings if each]
    claims = [claim for each in found for claim in each.claims]
    passages = {name: await library.passages_of(name) for name in {claim.source for claim in claims}}
    now = checking.weigh(claims, passages)
    return Evidence(
        claims=[*earlier.claims, *(each for each in now.claims if each not in earlier.claims)],
        dropped=[*earlier.dropped, *now.dropped],
        stuck=earlier.stuck + len(findings) - len(found),
    )


def numbered(claims: Sequence[Claim]) -> str:
    """Return the claims as data, with the numbers by which they are cited."""
    lines = (f"[{n}] {claim.text} (quotation: {claim.quote!r})" for n, claim in enumerate(claims, 1))
    return as_data("claims", "\n".join(lines))


def to_review(input: ResearchQuestion, evidence: Evidence) -> str:
    """Return the question and what has been found."""
    return f"{the_question(input)}\n{numbered(evidence.claims)}"


def is_complete(review: Review) -> bool:
    """Whether the critic misses nothing."""
    return not review.gaps


def has_no_evidence(evidence: Evidence) -> bool:
    """Whether nothing was found that holds."""
    return not evidence.claims


def give_up(input: ResearchQuestion, evidence: Evidence, review: Review) -> Report:
    """Say that there is no answer, and why: a model would make one up."""
    return Report(
        answer=_why_not(evidence),
        sources=[],
        open_questions=review.gaps or [input.question],
        contradictions=[],
        dropped_claims=evidence.dropped,
        problems=_stuck(evidence),
    )


def _why_not(evidence: Evidence) -> str:
    if evidence.dropped:
        return "What was found could not be confirmed: no quotation stands in its source."
    if evidence.stuck:
        return "Nothing was found: the research did not come to an end."
    return "The sources say nothing about this."


def _stuck(evidence: Evidence) -> list[str]:
    return [f"{evidence.stuck} parts of the research did not come to an end"] if evidence.stuck else []


def cite(evidence: Evidence, review: Review, written: Written) -> Report:
    """Add the sources that are cited, and say what is wrong with the citations."""
    claims = evidence.claims
    return Report(
        answer=written.text,
        sources=[
            Source(
                number=n,
                name=claims[n - 1].source,
                quote=claims[n - 1].quote,
                page=claims[n - 1].page,
            )
            for n in sorted(checking.cited(written.text))
            if 1 <= n <= len(claims)
        ],
        open_questions=review.gaps,
        contradictions=review.contradictions,
        dropped_claims=evidence.dropped,
        problems=[*_stuck(evidence), *checking.problems_of(written.text, claims)],
    )


multi_agent = Graph(
    name="multi_agent",
    summary="Answer a research question from sources, with citations.",
    input=ResearchQuestion,
    output=Report,
    nodes=[
        Model(
            name="plan",
            prompt="systems.multi_agent.plan",
            message=the_question,
            variables=number_of_workers,
            output_type=Plan,
        ),
        Loop(
            name="investigate",
            nodes=[
                ForEach(
                    name="research",
                    output="findings",
                    over=next_tasks,
                    node=Agent(
                        name="worker",
                        agent=make_worker,
                        message=the_task,
                        output_type=Findings,
                        time_limit=180,
                        none_on=(AgentError, ModelUnavailable, TimedOut),
                    ),
                    max_concurrency=4,
                ),
                Function(name="weigh", call=weigh, output="evidence"),
                Model(
                    name="review", prompt="systems.multi_agent.review", message=to_review, output_type=Review
                ),
            ],
            until=is_complete,
            max_rounds=2,
        ),
        Router(name="found", rules=[Rule("give_up", has_no_evidence)], otherwise="write"),
        Function(name="give_up", call=give_up, next=END),
        Model(
            name="write",
            prompt="systems.multi_agent.write",
            message=to_review,
            output_type=Written,
            output="written",
        ),
        Function(name="cite", call=cite),
    ],
    example={"question": "Should an old house get a heat pump, and what has to be done first?"},
    time_limit=900,
    max_cost=Decimal("1.00"),
    max_requests=60,
    max_tokens=400_000,
)
