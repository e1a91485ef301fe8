"""E-mail (RFC 5322): who wrote when about what, the text, and the names of what is attached."""

from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default

from app.parsing.formats.markup import parse_html
from app.parsing.formats.text import decode
from app.parsing.sections import Parsed, Section

_FIELDS = ("From", "To", "Cc", "Date", "Subject")


def parse_mail(content: bytes) -> Parsed:
    """Return the message; its plain text where it has one, else what its HTML shows."""
    message = message_from_bytes(content, policy=default)
    head = [f"{name}: {message[name]}" for name in _FIELDS if message[name]]
    head += [
        f"Attachment: {part.get_filename()}" for part in message.iter_attachments() if part.get_filename()
    ]
    subject = str(message["Subject"] or "")
    text = "\n".join([*head, "", _body(message)])
    return Parsed("email", (Section(text, headings=(subject,) if subject else ()),))


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except LookupError:  # it names an encoding that there is not
        raw = part.get_payload(decode=True)
        return decode(raw) if isinstance(raw, bytes) else ""


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    text = _content(part)
    return parse_html(text).text if part.get_content_subtype() == "html" else text
