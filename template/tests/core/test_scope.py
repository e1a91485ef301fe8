"""What is known of the work that goes on, and how far it reaches."""

import asyncio

from app.core.scope import Scope, current_scope, extend_scope, in_scope


def test_only_what_is_known_has_a_field() -> None:
    assert Scope(run_id="r", node="draft").fields == {"run_id": "r", "node": "draft"}


def test_an_inner_scope_adds_to_the_outer_one_and_ends_with_its_block() -> None:
    with in_scope(run_id="r"):
        with in_scope(node="draft"):
            inner = current_scope()
        outer = current_scope()

    assert (inner.fields, outer.fields) == ({"run_id": "r", "node": "draft"}, {"run_id": "r"})


def test_what_a_part_of_a_block_adds_ends_with_the_block() -> None:
    with in_scope(request_id="q"):
        extend_scope(caller="ak_1")
        known = current_scope().fields

    assert known == {"request_id": "q", "caller": "ak_1"}
    assert current_scope() == Scope()


async def test_it_reaches_tasks_and_threads_that_are_started_inside() -> None:
    async def in_a_task() -> Scope:
        return current_scope()

    with in_scope(run_id="r"):
        seen = [await asyncio.create_task(in_a_task()), await asyncio.to_thread(current_scope)]

    assert seen == [Scope(run_id="r")] * 2


async def test_tasks_beside_each_other_have_scopes_of_their_own() -> None:
    async def work(name: str) -> str | None:
        with in_scope(node=name):
            await asyncio.sleep(0)
            return current_scope().node

    assert list(await asyncio.gather(work("a"), work("b"))) == ["a", "b"]
