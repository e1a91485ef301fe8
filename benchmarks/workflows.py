"""What the workflow engine costs: twenty nodes that do nothing.

    uv run --isolated --no-project --with-requirements benchmarks/workflows.txt python benchmarks/workflows.py

Against the same calls in a plain loop, LangGraph and pydantic-graph, all in one process. Prints microseconds
a node as ratios, and how long it takes to import the engine and to print the help, in processes of their own.
"""

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "template"))
os.environ["ENVIRONMENT"] = "test"

NODES = 20
ROUNDS = 9
RUNS = 100

Run = Callable[[], Awaitable[object]]


def plain() -> Run:
    async def work(number: int) -> int:
        return number

    async def run() -> int:
        number = 1
        for _ in range(NODES):
            number = await work(number)
        return number

    return run


def ours() -> Run:
    from app.graphs import Function, Graph
    from pydantic import BaseModel

    class Number(BaseModel):
        number: int

    async def work(input: Number) -> Number:
        return input

    nodes = [Function(name=f"n{index}", call=work) for index in range(NODES)]
    graph = Graph(name="twenty", summary="", input=Number, output=Number, nodes=nodes)
    return lambda: graph.execute(Number(number=1))


def langgraph() -> Run:
    from langgraph.graph import END, START, StateGraph

    class State(TypedDict):
        number: int

    async def work(state: State) -> State:
        return {"number": state["number"]}

    graph = StateGraph(State)
    names = [f"n{index}" for index in range(NODES)]
    for name in names:
        graph.add_node(name, work)
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(source, target)
    compiled = graph.compile()
    return lambda: compiled.ainvoke({"number": 1})


def pydantic_graph() -> Run:
    from pydantic_graph import GraphBuilder, StepContext

    builder = GraphBuilder(input_type=int, output_type=int)

    async def work(context: StepContext[None, None, int]) -> int:
        return context.inputs

    steps = [builder.step(work, node_id=f"n{index}") for index in range(NODES)]
    ends = [builder.start_node, *steps, builder.end_node]
    builder.add(*(builder.edge_from(source).to(target) for source, target in pairwise(ends)))
    graph = builder.build()
    return lambda: graph.run(inputs=1)


async def microseconds(run: Run) -> float:
    started = time.perf_counter()
    for _ in range(RUNS):
        await run()
    return (time.perf_counter() - started) / RUNS / NODES * 1e6


async def measure() -> dict[str, float]:
    runs = {make.__name__: make() for make in (plain, ours, langgraph, pydantic_graph)}
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        await microseconds(run)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            found[name].append(await microseconds(run))
    return {name: statistics.median(values) for name, values in found.items()}


def seconds(*arguments: str) -> float:
    """Return how long a Python process takes: the median of nine."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=ROOT / "template", check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def main() -> None:
    found = asyncio.run(measure())
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    print(f"{machine}; median of {ROUNDS}.\n")
    print("| a node of 20 that do nothing | microseconds | against ours |\n|---|---|---|")
    for name, value in found.items():
        print(f"| {name} | {value:.1f} | {value / found['ours']:.2f} |")
    empty = seconds("-c", "pass")
    engine = seconds("-c", "from app.graphs import Agent, Function, Graph, Model, Router")
    print(f"\npython alone {empty:.3f} s; with app.graphs {engine:.3f} s; `app --help` ", end="")
    print(f"{seconds('-m', 'app', '--help'):.3f} s")


if __name__ == "__main__":
    main()
