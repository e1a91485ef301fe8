import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ConfigurationError
from app.graphs import observe
from app.graphs.evals import evaluate, load_labelled
from app.systems.automation import policy, refunds
from app.systems.automation.customers import find_customer
from app.systems.automation.drafts import problems_of_draft
from app.systems.automation.errors import ActionFailed, ActionRefused
from app.systems.automation.extensions import CUSTOMERS, REFUNDS
from app.systems.automation.schemas import Outcome, SupportEvent
from app.systems.automation.scoring import score
from app.systems.automation.workflow import automation
from app.workflows import DecisionNeeded, Steps
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import FakeProvider, Refusal
from tests.systems.automation.receiver import Receiver
from tests.systems.cases import Case, load_cases, name_of


@pytest.fixture(autouse=True)
def without_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Know the customers of the file alone: who is not in it is unknown."""
    monkeypatch.setattr(refunds, "_in_memory", {})
    with CUSTOMERS.override({}), REFUNDS.override({}):
        yield


@pytest.mark.parametrize("case", load_cases("automation"), ids=name_of)
async def test_labelled_cases(case: Case) -> None:
    observed = await observe(automation, SupportEvent.model_validate(case["input"]))

    scores = score(observed, case["expected"])
    assert all(scores.values()), (scores, observed)


REFUND = {
    "id": "e1",
    "sender": "kim@example.com",
    "sender_verified": True,
    "received": "2026-11-20",
    "text": "I want a refund for A-1002 please.",
}
LARGE_REFUND = {**REFUND, "text": "I want a refund for A-1003 please."}


async def handled(event: dict[str, Any] | None = None, **decision: Any) -> Outcome:
    steps = Steps({"approve": decision} if decision else None)
    return await automation.execute(SupportEvent.model_validate(event or REFUND), steps)


async def test_a_person_approves_a_large_refund() -> None:
    outcome = await handled(LARGE_REFUND, approved=True)

    assert outcome.route == "refunded"
    assert outcome.action
    assert outcome.action.data == {"order": "A-1003", "amount": "480.00", "currency": "EUR"}


async def test_a_person_refuses_a_large_refund_in_own_words() -> None:
    outcome = await handled(LARGE_REFUND, approved=False, comment="It was used for a year.")

    assert (outcome.route, outcome.action) == ("refused", None)
    assert "It was used for a year." in (outcome.reply or "")


async def test_a_person_may_decide_on_another_amount_but_on_no_more_than_was_paid() -> None:
    less = await handled(LARGE_REFUND, approved=True, amount="100")
    more = await handled({**LARGE_REFUND, "id": "e2"}, approved=True, amount="1000")

    assert [o.action and o.action.data["amount"] for o in (less, more)] == ["100", "480.00"]


@pytest.mark.parametrize(
    ("line", "doubt"),
    [
        ("days_after_delivery = 5", "more than 5 days ago"),
        ("without_asking = 10", "24.00 is more than 10"),
        ("without_asking_a_day = 20", "20 is the most"),
    ],
)
async def test_the_policy_is_a_file(
    line: str, doubt: str, set_environment: SetEnvironment, tmp_path: Path
) -> None:
    text = policy._FILE.read_text()  # noqa: SLF001 - the policy as it is, but for one line
    name = line.partition(" ")[0]
    (tmp_path / "policy.toml").write_text(re.sub(rf"(?m)^{name} = .*$", line, text))
    set_environment(AUTOMATION_POLICY_FILE=str(tmp_path / "policy.toml"))

    with pytest.raises(DecisionNeeded) as needed:
        await handled()

    assert doubt in str(needed.value.question)


async def test_a_policy_that_cannot_be_used_is_an_error_of_the_settings(
    set_environment: SetEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text("[refunds]\nwithout_asking = -1\n")
    set_environment(AUTOMATION_POLICY_FILE=str(tmp_path / "policy.toml"))

    with pytest.raises(ConfigurationError, match="policy"):
        await handled()


async def test_a_customer_gets_no_more_in_a_day_than_the_policy_says() -> None:
    await refunds.note("kim@example.com", date(2026, 11, 20), "A-1", Decimal(90))

    with pytest.raises(DecisionNeeded) as needed:
        await handled()

    assert "has got 90 on that day" in str(needed.value.question)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("I want my money back", True),
        ("Bitte erstatten Sie den Betrag", True),
        ("Ich m\u00f6chte mein Geld zur\u00fcck", True),
        ("Je demande un remboursement", True),
        ("Quiero un reembolso", True),
        ("Thanks, my lamp A-1002 is wonderful!", False),
        ("I don't want a refund", False),
        ("I do NOT want a refund", False),
        ("Ich m\u00f6chte keine R\u00fcckerstattung", False),
        ("Je ne veux pas de remboursement", False),
        ("No quiero un reembolso", False),
    ],
)
def test_who_asks_for_a_refund_says_so(text: str, asks: bool) -> None:
    assert policy.asks_for_refund(text) == asks


async def test_one_label_of_a_model_is_not_money(provider: FakeProvider) -> None:
    provider.answers.extend(
        [{"intent": "refund", "is_urgent": False, "confidence": 1}, {"text": "Thank you!"}]
    )

    outcome = await handled({**REFUND, "text": "Thanks, my lamp A-1002 is wonderful!"})

    assert (outcome.route, outcome.action) == ("drafted", None)


@pytest.mark.parametrize("answers", [[500] * 9, ["nonsense"] * 9, [Refusal(401, "no")] * 9])
async def test_a_model_that_is_down_opens_a_ticket(answers: list[Any], provider: FakeProvider) -> None:
    provider.answers.extend(answers)

    outcome = await handled()

    assert outcome.route == "escalated"
    assert outcome.action
    assert outcome.action.type == "open_ticket"


FACTS = "Order A-1002, 24.00 EUR, see https://shop.example/faq"


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        ("Your order A-1002 cost 24 EUR: https://shop.example/faq.", None),
        ("We have refunded 10,000 EUR.", "10,000 EUR"),
        ("Look at http://evil.example/pay", "http://evil.example/pay"),
        ("You get 30 % off.", "30 %"),
        ("We will refund it.", "promises"),
        ("It is free of charge.", "promises"),
        ("Wir erstatten den Betrag.", "promises"),
        ("Nous vous remboursons.", "promises"),
    ],
)
def test_a_draft_is_held_against_the_facts(draft: str, problem: str | None) -> None:
    problems = problems_of_draft(draft, FACTS)

    assert (problem or "") in "; ".join(problems)
    assert bool(problems) == bool(problem)


async def test_without_a_webhook_an_action_is_part_of_the_result_alone_and_nothing_is_promised() -> None:
    outcome = await handled()

    assert (outcome.delivery, outcome.reply) == ("not_configured", None)


SECRET = "a-secret-of-the-webhook"


@pytest.fixture
def receiver(set_environment: SetEnvironment) -> Iterator[Receiver]:
    with Receiver() as server:
        set_environment(AUTOMATION_WEBHOOK_URL=f"{server.url}/actions", AUTOMATION_WEBHOOK_SECRET=SECRET)
        yield server


async def test_an_action_is_sent_and_signed(receiver: Receiver) -> None:
    outcome = await handled()

    headers = receiver.headers[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + receiver.raw[0]
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert outcome.delivery == "delivered"
    assert receiver.bodies[0]["data"]["order"] == "A-1002"
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


async def test_the_same_event_twice_has_the_same_key_so_that_it_is_acted_upon_once(
    receiver: Receiver,
) -> None:
    receiver.statuses = [200, 409]

    outcomes = [await handled(), await handled()]

    keys = [headers["idempotency-key"] for headers in receiver.headers]
    assert keys[0] == keys[1]
    assert receiver.raw[0] == receiver.raw[1]
    assert [outcome.delivery for outcome in outcomes] == ["delivered"] * 2


async def test_a_refund_is_one_for_all_emails_about_its_order_and_a_ticket_one_an_email(
    receiver: Receiver,
) -> None:
    grave = {"sender": "kim@example.com", "text": "My lawyer will write."}

    for event in (REFUND, {**REFUND, "id": "e2"}, {**grave, "id": "e3"}, {**grave, "id": "e4"}):
        await handled(event)

    keys = [headers["idempotency-key"] for headers in receiver.headers]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert receiver.bodies[2]["data"]["is_customer"]


async def test_labelled_cases_tell_the_receiver_of_nothing_and_count_no_refund(receiver: Receiver) -> None:
    labelled = load_labelled("automation")
    refund = next(case for case in labelled.cases if case.expected.get("action") == "refund")

    report = await evaluate(labelled, refund)

    assert all(report.scores.values())
    assert receiver.bodies == []
    assert await refunds.given_on("kim@example.com", date(2026, 11, 20)) == 0


async def test_an_outage_of_the_receiver_is_tried_again(receiver: Receiver) -> None:
    receiver.statuses = [503]

    assert (await handled()).delivery == "delivered"
    assert len(receiver.bodies) == 2


@pytest.mark.parametrize(
    ("statuses", "error"), [([503, 429], ActionFailed), ([400], ActionRefused), ([302], ActionRefused)]
)
async def test_an_action_that_is_not_taken_is_a_typed_error(
    statuses: list[int], error: type[Exception], receiver: Receiver
) -> None:
    receiver.statuses = statuses

    with pytest.raises(error, match=str(statuses[-1])):
        await handled()


async def test_a_receiver_that_is_not_there_is_a_typed_error(set_environment: SetEnvironment) -> None:
    set_environment(AUTOMATION_WEBHOOK_URL="http://127.0.0.1:1/")

    with pytest.raises(ActionFailed):
        await handled()


async def test_customers_can_come_from_a_file_of_yours(
    set_environment: SetEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "customers.json").write_text(json.dumps([{"email": "ada@example.com", "name": "Ada"}]))
    set_environment(AUTOMATION_CUSTOMERS_FILE=str(tmp_path / "customers.json"))

    found = await find_customer("ada@example.com")

    assert found
    assert found.name == "Ada"


async def test_a_feature_may_bring_customers() -> None:
    async def lookup(email: str) -> dict[str, str] | None:
        return {"email": email, "name": "Ada"} if email == "ada@example.com" else None

    with CUSTOMERS.override({"test": lookup}):
        found = await find_customer("ada@example.com")

        assert found
        assert found.name == "Ada"
        assert await find_customer("nobody@example.com") is None


async def test_a_file_of_customers_that_cannot_be_read_is_an_error_of_the_settings(
    set_environment: SetEnvironment, tmp_path: Path
) -> None:
    set_environment(AUTOMATION_CUSTOMERS_FILE=str(tmp_path / "gone.json"))

    with pytest.raises(ConfigurationError, match="AUTOMATION_CUSTOMERS_FILE"):
        await find_customer("ada@example.com")
