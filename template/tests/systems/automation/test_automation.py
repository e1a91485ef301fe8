import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ConfigurationError, InvalidInput
from app.core.lazy import Lazy
from app.core.registry import Feature
from app.core.workflow import DecisionNeeded, Steps
from app.systems.automation import customers
from app.systems.automation.customers import find_customer
from app.systems.automation.errors import ActionFailed, ActionRefused
from app.systems.automation.mail import new_text, read
from app.systems.automation.schemas import Outcome, SupportEvent
from app.systems.automation.workflow import flow
from app.workflows import run
from tests.conftest import SetEnvironment
from tests.systems.automation.receiver import Receiver
from tests.systems.cases import Case, load_cases, name_of

CASES = load_cases("automation")


@pytest.fixture(autouse=True)
def without_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know the customers of the file alone: who is not in it is unknown."""
    monkeypatch.setattr(customers, "load_features", lambda: ())


@pytest.mark.parametrize("case", [c for c in CASES if "waits" not in c["expected"]], ids=name_of)
async def test_labelled_cases(case: Case) -> None:
    outcome = await run(flow, SupportEvent.model_validate(case["input"]))

    expected = case["expected"]
    assert outcome.route == expected["route"], outcome
    assert expected.get("reply", "") in (outcome.reply or "")
    assert expected.get("not_in_reply", "\0") not in (outcome.reply or "")
    assert (outcome.action.type if outcome.action else None) == expected.get("action")


@pytest.mark.parametrize("case", [c for c in CASES if "waits" in c["expected"]], ids=name_of)
async def test_labelled_cases_that_wait_for_a_person(case: Case) -> None:
    with pytest.raises(DecisionNeeded, match="'approve'"):
        await run(flow, SupportEvent.model_validate(case["input"]))


REFUND = {"id": "e1", "sender": "kim@example.com", "text": "I want a refund for A-1002 please."}
LARGE_REFUND = {**REFUND, "text": "I want a refund for A-1003 please."}


async def handled(event: dict[str, Any] | None = None, **decision: Any) -> Outcome:
    steps = Steps({"approve": decision} if decision else None)
    return await run(flow, SupportEvent.model_validate(event or REFUND), steps)


async def test_a_person_approves_a_large_refund() -> None:
    outcome = await handled(LARGE_REFUND, approved=True)

    assert outcome.route == "refunded"
    assert outcome.action
    assert outcome.action.data == {"order": "A-1003", "amount": "480.00", "currency": "EUR"}


async def test_a_person_refuses_a_large_refund_in_own_words() -> None:
    outcome = await handled(LARGE_REFUND, approved=False, comment="It was used for a year.")

    assert (outcome.route, outcome.action) == ("refused", None)
    assert "It was used for a year." in (outcome.reply or "")


async def test_the_limit_for_refunds_is_a_setting(set_environment: SetEnvironment) -> None:
    set_environment(AUTOMATION_REFUND_LIMIT="0")

    with pytest.raises(DecisionNeeded):
        await handled()


async def test_without_a_webhook_an_action_is_part_of_the_result_alone() -> None:
    assert (await handled()).delivery == "not_configured"


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


RAW = "From: Robin <ROBIN@example.com>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@example.com>\n"


def test_an_email_is_read_with_its_headers() -> None:
    email = read(SupportEvent(raw=f"{RAW}\nHello\n> quoted\n-- \nRobin"))

    assert (email.id, email.sender, email.subject) == ("1@example.com", "robin@example.com", "Grüße")
    assert email.text == "Hello"


def test_html_is_read_as_text() -> None:
    html = "<style>p{}</style><script>x()</script><p>Hello &amp; bye</p><blockquote>old</blockquote>"

    assert read(SupportEvent(raw=f"{RAW}Content-Type: text/html\n\n{html}")).text == "Hello & bye"


@pytest.mark.parametrize(
    "sender",
    [
        "From: kim@example.com <evil@example.net>",
        "From: <kim@example.com><evil@example.net>",
        "From: kim@example.com, evil@example.net",
        "From: kim@example.com\nFrom: evil@example.net",
        "From: " + "(" * 20_000,
        'From: "\\];(>\u2039\u00e9',
    ],
)
def test_a_sender_who_may_be_somebody_else_is_refused(sender: str) -> None:
    with pytest.raises(InvalidInput, match="sender"):
        read(SupportEvent(raw=f"{sender}\nSubject: Refund\n\nRefund A-1002 please"))


def test_a_long_mail_of_broken_html_is_read_at_once() -> None:
    raw = f"{RAW}Content-Type: text/html\n\n{'<script' * 60_000}"

    assert read(SupportEvent(raw=raw)).sender == "robin@example.com"


@pytest.mark.parametrize(
    "raw", ["", "no headers at all", "From: nobody\n\nHello", "From: a@b@c\n\nHello", "From: <>\n\nHello"]
)
def test_an_email_without_a_sender_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        read(SupportEvent(raw=raw))


def test_an_email_without_an_id_gets_one_of_its_content() -> None:
    events = [SupportEvent(sender="a@example.com", text=text) for text in ("one", "one", "two")]

    one, same, other = (read(event).id for event in events)
    assert one == same != other


def test_what_is_quoted_and_the_signature_are_left_out() -> None:
    text = "Yes.\r\n\r\nOn Monday, support@example.com wrote:\r\n> Do you want it?\r\n-- \r\nRobin"

    assert new_text(text) == "Yes."


async def test_customers_can_come_from_a_file_of_yours(
    set_environment: SetEnvironment, tmp_path: Path
) -> None:
    (tmp_path / "customers.json").write_text(json.dumps([{"email": "ada@example.com", "name": "Ada"}]))
    set_environment(AUTOMATION_CUSTOMERS_FILE=str(tmp_path / "customers.json"))

    found = await find_customer("ada@example.com")

    assert found
    assert found.name == "Ada"


async def test_a_feature_may_offer_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lookup(email: str) -> dict[str, str] | None:
        return {"email": email, "name": "Ada"} if email == "ada@example.com" else None

    class Loaded(Lazy[Any]):
        def load(self) -> Any:
            return lookup

    feature = Feature(name="t", stage="own", summary="", offers={"customers": Loaded("")})
    monkeypatch.setattr(customers, "load_features", lambda: (feature,))

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
