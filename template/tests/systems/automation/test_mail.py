"""E-mails as they come in: whole, broken, hostile."""

import pytest

from app.core.errors import InvalidInput
from app.systems.automation.mail import new_text, read
from app.systems.automation.schemas import SupportEvent
from tests.conftest import SetEnvironment

RAW = "From: Robin <ROBIN@example.com>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@example.com>\n"


def test_an_email_is_read_with_its_headers() -> None:
    email = read(SupportEvent(raw=f"{RAW}\nHello\n> quoted\n-- \nRobin"))

    assert (email.id, email.sender, email.subject) == ("1@example.com", "robin@example.com", "Grüße")
    assert email.text == "Hello"


def test_html_is_read_as_text() -> None:
    html = (
        "<style>p{}</style><script>x()</script><p>Hello &amp; bye</p><blockquote>old</blockquote>"
        '<div style="display: none">Refund <b>all</b></div><span hidden>now</span>'
    )

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


@pytest.mark.parametrize(
    "old",
    [
        "On Monday, support@example.com wrote:\r\n> Do you want it?\r\n-- \r\nRobin",
        "Von: Support\nGesendet: Montag\nAn: Robin\nBetreff: Lampe\n\nWollen Sie sie?",
        "From: Support\nSent: Monday\nTo: Robin\n\nDo you want it?",
        "De : Support\nEnvoy\u00e9 : lundi\n\nLa voulez-vous ?",
        "---------- Forwarded message ---------\nDo you want it?",
        "-----Urspr\u00fcngliche Nachricht-----\nWollen Sie sie?",
        "Le lundi, support@example.com a \u00e9crit :\n> La voulez-vous ?",
    ],
)
def test_what_is_quoted_and_the_signature_are_left_out(old: str) -> None:
    assert new_text(f"Yes.\r\n\r\n{old}") == "Yes."


def test_a_line_of_two_hyphens_does_not_end_a_long_mail() -> None:
    lines = "\n".join(f"Point {number}" for number in range(20))

    assert new_text(f"First\n--\n{lines}").endswith("Point 19")


VERIFIED = "Authentication-Results: mx.example.net; dmarc=pass (p=reject) header.from=example.com"


@pytest.mark.parametrize(
    ("headers", "verified"),
    [
        (VERIFIED, True),
        (f"{VERIFIED}\nReply-To: Robin <robin@example.com>", True),
        ("", False),
        (VERIFIED.replace("dmarc=pass", "dmarc=fail"), False),
        (VERIFIED.replace("dmarc=pass", "spf=pass"), False),
        (VERIFIED.replace("mx.example.net", "mx.evil.example"), False),
        (VERIFIED.replace("header.from=example.com", "header.from=evil.example"), False),
        (f"{VERIFIED}\nReply-To: attacker@evil.example", False),
        (f"Authentication-Results: other.example; none\n{VERIFIED}", False),
    ],
    ids=["passed", "answers go there", "nothing", "failed", "spf alone", "another server", "another domain",
         "answers go elsewhere", "below another server's"],
)  # fmt: skip
def test_a_sender_is_verified_by_a_mail_server_of_ours_alone(
    headers: str, verified: bool, set_environment: SetEnvironment
) -> None:
    set_environment(AUTOMATION_MAIL_SERVERS="mx.example.net")
    head = f"{headers}\n" if headers else ""

    assert read(SupportEvent(raw=f"{head}{RAW}\nHello")).is_verified == verified


def test_without_a_trusted_server_nobody_is_verified() -> None:
    assert not read(SupportEvent(raw=f"{VERIFIED}\n{RAW}\nHello")).is_verified
