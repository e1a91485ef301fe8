"""Read an e-mail: who has written, and what of it is new."""

import hashlib
import re
from email import message_from_string
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from html import unescape

from app.core.errors import InvalidInput
from app.systems.automation.schemas import Email, SupportEvent

_QUOTED = re.compile(
    r"^\s*>|^On .{5,200} wrote:\s*$|^Am .{5,200} schrieb.*:\s*$|^-{2,}\s*Original Message", re.IGNORECASE
)
_NO_REPLY = re.compile(r"^(no-?reply|donotreply|mailer-daemon|postmaster|bounces?)\b", re.IGNORECASE)
_MACHINES = {"bulk", "junk", "list", "auto_reply"}


def read(input: SupportEvent) -> Email:
    """Return what matters of an e-mail. Raises `InvalidInput` if its source has no sender or no text."""
    if input.raw is None:
        assert input.sender
        assert input.text is not None
        return _email(input, input.sender, input.subject, input.text, is_automatic=False)
    message = message_from_string(input.raw, _class=EmailMessage, policy=default)
    sender = _sender(message)
    automatic = str(message.get("Auto-Submitted", "no")).lower() != "no" or (
        str(message.get("Precedence", "")).lower() in _MACHINES
    )
    return _email(input, sender, _header(message, "Subject"), _body(message), is_automatic=automatic)


def _sender(message: EmailMessage) -> str:
    address = parseaddr(_header(message, "From"))[1]
    try:
        return Address(addr_spec=address).addr_spec
    except (ValueError, IndexError):
        raise InvalidInput("The e-mail has no sender that can be read.") from None


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError):  # broken headers make the parser fail
        return ""


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        raise InvalidInput("The e-mail has no text.")
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):  # an unknown encoding
        payload = part.get_payload(decode=True)
        content = payload.decode(errors="replace") if isinstance(payload, bytes) else str(payload)
    if part.get_content_subtype() == "html":
        content = unescape(
            re.sub(r"<[^>]{0,2000}>", " ", re.sub(r"(?is)<(script|style).*?</\1>", " ", content))
        )
    return content.replace("\0", "")


def _email(input: SupportEvent, sender: str, subject: str, text: str, *, is_automatic: bool) -> Email:
    new = new_text(text)
    seed = input.raw if input.raw is not None else "\n".join((sender, subject, text))
    return Email(
        id=input.id or _message_id(input.raw) or hashlib.sha256(seed.encode()).hexdigest()[:32],
        sender=sender.lower(),
        subject=subject,
        text=new,
        is_automatic=is_automatic or bool(_NO_REPLY.match(sender)),
    )


def _message_id(raw: str | None) -> str | None:
    found = re.search(r"^Message-ID:\s*<([^>\s]{1,300})>", raw or "", re.MULTILINE | re.IGNORECASE)
    return found[1] if found else None


def new_text(text: str) -> str:
    """Return what the writer has added: no quotation of an earlier mail, no signature."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").splitlines():
        if line.rstrip() in {"--", "-- "}:
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
