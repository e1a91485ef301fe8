"""Read an e-mail: who has written, and what of it is new."""

import hashlib
import re
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import structlog

from app.core.errors import InvalidInput
from app.systems.automation.schemas import Email, SupportEvent

log = structlog.get_logger(__name__)

_QUOTED = re.compile(r"^\s*>|^On .{5,200} wrote:\s*$|^Am .{5,200} schrieb.{0,200}:\s*$", re.IGNORECASE)
_REST_IS_OLD = re.compile(r"^-{2,}\s*Original Message\s*-*\s*$|^-- ?$", re.IGNORECASE)
_NO_REPLY = re.compile(r"^(no-?reply|donotreply|mailer-daemon|postmaster|bounces?)\b", re.IGNORECASE)
_MACHINES = {"bulk", "junk", "list", "auto_reply"}
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: neither a model nor the database wants them."""


def read(input: SupportEvent) -> Email:
    """Return what matters of an e-mail. Raises `InvalidInput` if its source has no sender or no text."""
    if input.raw is None:
        assert input.sender
        assert input.text is not None
        return _email(input.id, input.sender, input.subject, input.text, is_automatic=False)
    message = message_from_string(input.raw.lstrip("\ufeff\r\n"), _class=EmailMessage, policy=default)
    automatic = _header(message, "Auto-Submitted").lower() not in {"", "no"} or (
        _header(message, "Precedence").lower() in _MACHINES
    )
    identity = input.id or _header(message, "Message-ID").strip("<> ") or None
    sender, subject = _sender(message), _header(message, "Subject")
    return _email(identity, sender, subject, _body(message), is_automatic=automatic)


def _sender(message: EmailMessage) -> str:
    """Return the address in `From`. One that can be read in two ways is refused: it may pose as another."""
    try:
        headers: list[Any] = message.get_all("From", [])
        ((address,),) = [header.addresses for header in headers]
        if not headers[0].defects and address.username and address.domain:
            return str(address.addr_spec)
    except Exception as error:  # noqa: BLE001 - broken headers make the parser fail in many ways
        log.info("mail.broken_sender", error=type(error).__name__)
    raise InvalidInput("The e-mail has no sender, or more than one, or one that cannot be read.")


def _header(message: EmailMessage, name: str) -> str:
    try:
        return _UNWANTED.sub("", str(message.get(name, ""))).strip()
    except Exception:  # noqa: BLE001 - broken headers make the parser fail in many ways
        return ""


def _body(message: EmailMessage) -> str:
    """Return the text; that of the HTML if there is no plain one."""
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        if part is not None and (text := _content(part)).strip():
            return _shown(text) if kind == "html" else text
    if message.get_body(("plain", "html")) is None:
        raise InvalidInput("The e-mail has no text.")
    return ""


def _content(part: Any) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # an unknown encoding
        payload = part.get_payload(decode=True)
        return payload.decode(errors="replace") if isinstance(payload, bytes) else str(payload)


class _Shown(HTMLParser):
    """Collects what a reader sees of HTML: no scripts, no styles, no quotation."""

    _HIDDEN = frozenset({"script", "style", "blockquote", "title"})
    _BREAKS = frozenset({"br", "p", "div", "li", "tr"})

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to hide, or begin a line."""
        del attrs
        self._hidden += tag in self._HIDDEN
        if tag in self._BREAKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Show again."""
        self._hidden = max(0, self._hidden - (tag in self._HIDDEN))

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        if not self._hidden:
            self.text.append(data)


def _shown(html: str) -> str:
    parser = _Shown()
    parser.feed(html)
    return "".join(parser.text)


def _email(identity: str | None, sender: str, subject: str, text: str, *, is_automatic: bool) -> Email:
    seed = "\n".join((sender, subject, text))
    return Email(
        id=identity or hashlib.sha256(seed.encode(errors="replace")).hexdigest()[:32],
        sender=sender.lower(),
        subject=_UNWANTED.sub("", subject),
        text=new_text(_UNWANTED.sub("", text)),
        is_automatic=is_automatic or bool(_NO_REPLY.match(sender)),
    )


def new_text(text: str) -> str:
    """Return what the writer has added: no quotation of an earlier mail, no signature."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").splitlines():
        if _REST_IS_OLD.match(line):
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
