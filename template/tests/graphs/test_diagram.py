from typing import Any

from pydantic import BaseModel

from app.graphs import END, ForEach, Function, Graph, Loop, Model, Router, Rule


class Email(BaseModel):
    text: str


class Answer(BaseModel):
    text: str


def clean(input: Email) -> str:
    return input.text.strip()


def is_spam(clean: str) -> bool:
    return "lottery" in clean


def refuse() -> Answer:
    return Answer(text="No.")


def say(clean: str) -> str:
    return clean


def parts(clean: str) -> list[str]:
    return clean.split()


def part(item: str) -> str:
    return item


def good(draft: Answer) -> bool:
    return bool(draft.text)


DIAGRAM = """\
flowchart TD
    INPUT(["Email"])
    clean["clean"]
    route{"route"}
    refuse["refuse"]
    subgraph all["all: for each, 4 at once"]
        part["part"]
    end
    subgraph improve["improve: until good, at most 3 times"]
        draft[["draft"]]
    end
    OUTPUT(["Answer"])
    INPUT --> clean
    clean --> route
    route -->|"is_spam"| refuse
    route -->|"else"| all
    refuse --> OUTPUT
    all --> improve
    improve --> OUTPUT
"""


def test_the_diagram_shows_every_node_and_every_way() -> None:
    draft = Model(name="draft", prompt="llm.chat", message=say, output_type=Answer)
    graph: Graph[Any, Any] = Graph(
        name="test",
        summary="",
        input=Email,
        output=Answer,
        nodes=[
            Function(name="clean", call=clean),
            Router(name="route", rules=[Rule("refuse", is_spam)], otherwise="all"),
            Function(name="refuse", call=refuse, next=END),
            ForEach(name="all", over=parts, node=Function(name="part", call=part)),
            Loop(name="improve", nodes=[draft], until=good),
        ],
    )

    workflow = graph

    assert workflow.diagram is not None
    assert workflow.diagram("mermaid") == DIAGRAM
    assert '"route" -> "refuse" [label="is_spam"]' in workflow.diagram("dot")
