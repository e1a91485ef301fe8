"""Read an e-mail: who has written, and what of it is new."""

import hashlib
import re
from datetime import UTC, datetime
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import structlog

from app.core.errors import InvalidInput
from app.systems.automation.schemas import Email, SupportEvent
from app.systems.automation.settings import AutomationSettings

log = structlog.get_logger(__name__)

_QUOTED = re.compile(
    r"^\s*>|^On .{5,200} wrote:\s*$|^Am .{5,200} schrieb.{0,200}:\s*$|^Le .{5,200} a \u00e9crit\s*:\s*$"
    r"|^El .{5,200} escribi\u00f3:\s*$",
    re.IGNORECASE,
)
_REST_IS_OLD = re.compile(
    r"^[-_ ]*\s*(?:Original Message|Urspr\u00fcngliche Nachricht|Message d'origine|Mensaje original"
    r"|(?:Begin )?Forwarded message|Weitergeleitete Nachricht|Message transf\u00e9r\u00e9"
    r"|Mensaje reenviado)\s*:?[-_ ]*$"
    r"|^_{10,}\s*$",
    re.IGNORECASE,
)
_HEADER_OF_OLD = re.compile(r"^\*?(?:From|Von|De)\s?:\*?\s.*\S", re.IGNORECASE)
_SENT = re.compile(r"^\*?(?:Sent|Date|Gesendet|Datum|Envoy\u00e9|Enviado|Fecha)\s?:", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$")
_MOST_LINES_OF_SIGNATURE = 8
_NO_REPLY = re.compile(r"^(no-?reply|donotreply|mailer-daemon|postmaster|bounces?)\b", re.IGNORECASE)
_MACHINES = {"bulk", "junk", "list", "auto_reply"}
_ABSENT = re.compile(
    r"^(?:(?:re|aw|sv|tr|rv)\s?: ?)*(?:automatic reply|auto(?:mated|matic)?[- ]?(?:reply|response)"
    r"|out of (?:the )?office|on (?:vacation|holiday)|abwesenheits\w*|automatische (?:antwort|nachricht)"
    r"|abwesend|r\u00e9ponse automatique|absence du bureau|absent du bureau|respuesta autom\u00e1tica"
    r"|fuera de (?:la )?oficina|ausencia de la oficina)",
    re.IGNORECASE,
)
"""How subjects of absence notes begin, in English, German, French and Spanish."""
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: neither a model nor the database wants them."""


def read(input: SupportEvent) -> Email:
    """Return what matters of an e-mail. Raises `InvalidInput` if its source has no sender or no text."""
    if input.raw is None:
        assert input.sender
        assert input.text is not None
        return _email(
            input,
            input.id,
            input.sender,
            input.subject,
            input.text,
            is_automatic=False,
            is_verified=input.sender_verified,
        )
    message = message_from_string(input.raw.lstrip("\ufeff\r\n"), _class=EmailMessage, policy=default)
    identity = input.id or _header(message, "Message-ID").strip("<> ") or None
    sender, subject = _sender(message), _header(message, "Subject")
    return _email(
        input,
        identity,
        sender,
        subject,
        _body(message),
        is_automatic=_is_automatic(message),
        is_verified=is_verified(message, sender),
    )


def _is_automatic(message: EmailMessage) -> bool:
    """Whether the headers say that a machine has answered (RFC 3834, and what Exchange writes)."""
    suppressed = {word.strip() for word in _header(message, "X-Auto-Response-Suppress").lower().split(",")}
    return (
        _header(message, "Auto-Submitted").lower() not in {"", "no"}
        or _header(message, "Precedence").lower() in _MACHINES
        or bool(suppressed & {"all", "oof", "autoreply"})
        or bool(_header(message, "X-Autoreply") or _header(message, "X-Autorespond"))
        or _header(message, "Return-Path") == "<>"
    )


def is_verified(message: EmailMessage, sender: str) -> bool:
    """Whether a mail server of ours has verified the sender, and answers go there too (RFC 8601, RFC 7489).

    Only the header at the top counts: the last server has written it. Those below may be the sender's own.
    """
    results = [str(value) for value in message.get_all("Authentication-Results", [])]
    if not results:
        return False
    server, _, said = re.sub(r"\([^()]*\)", " ", results[0]).partition(";")
    trusted = {name.lower() for name in AutomationSettings.load().mail_servers}
    domain = sender.rpartition("@")[2].lower()
    passed = re.search(r"\bdmarc\s*=\s*pass\b", said, re.IGNORECASE)
    aligned = re.search(r"\bheader\.from\s*=\s*([\w.-]+)", said, re.IGNORECASE)
    return (
        (server.split() or [""])[0].lower() in trusted
        and passed is not None
        and (aligned is None or aligned[1].lower() == domain)
        and _answers_go_to(message, domain)
    )


def _answers_go_to(message: EmailMessage, domain: str) -> bool:
    reply_to = _header(message, "Reply-To").lower()
    return not reply_to or reply_to.rstrip("> ").endswith(f"@{domain}")


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
    """Return the text; that of the HTML if there is no plain text."""
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


def _is_head_of_old(lines: list[str]) -> bool:
    """Whether the lines are those that Outlook puts above an earlier mail: from whom, and when."""
    return bool(_HEADER_OF_OLD.match(lines[0])) and any(_SENT.match(line) for line in lines[1:])


class _Shown(HTMLParser):
    """Collects what a reader sees of HTML: no scripts, no styles, no quotation, nothing that is hidden."""

    _HIDDEN = frozenset({"script", "style", "blockquote", "title"})
    _BREAKS = frozenset({"br", "p", "div", "li", "tr"})
    _EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
    _INVISIBLE = re.compile(
        r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?:[^\d.]|$)"
    )

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._open: list[str] = []
        """Tags that are open since the first one that hides."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to hide, or begin a line."""
        if tag not in self._EMPTY and (self._open or tag in self._HIDDEN or self._is_invisible(attrs)):
            self._open.append(tag)
        if tag in self._BREAKS:
            self.text.append("\n")

    def _is_invisible(self, attrs: list[tuple[str, str | None]]) -> bool:
        values = dict(attrs)
        return "hidden" in values or bool(self._INVISIBLE.search((values.get("style") or "").lower()))

    def handle_endtag(self, tag: str) -> None:
        """Show again."""
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        """Keep a piece of text."""
        if not self._open:
            self.text.append(data)


def _shown(html: str) -> str:
    parser = _Shown()
    parser.feed(html)
    return "".join(parser.text)


def _email(
    event: SupportEvent,
    identity: str | None,
    sender: str,
    subject: str,
    text: str,
    *,
    is_automatic: bool,
    is_verified: bool,
) -> Email:
    seed = "\n".join((sender, subject, text))
    return Email(
        id=identity or hashlib.sha256(seed.encode(errors="replace")).hexdigest()[:32],
        sender=sender.lower(),
        subject=_UNWANTED.sub("", subject),
        text=new_text(_UNWANTED.sub("", text)),
        is_automatic=is_automatic or bool(_NO_REPLY.match(sender) or _ABSENT.match(subject.strip())),
        is_verified=is_verified,
        received=event.received or datetime.now(UTC).date(),
    )


def new_text(text: str) -> str:
    """Return what the writer has added: no quotation of an earlier mail, no signature."""
    kept: list[str] = []
    lines = text.replace("\r\n", "\n").splitlines()
    for number, line in enumerate(lines):
        if _REST_IS_OLD.match(line) or _is_head_of_old(lines[number : number + 4]):
            break
        if _SIGNATURE.match(line) and len(lines) - number <= _MOST_LINES_OF_SIGNATURE:
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
