"""The guard of what becomes active where an answer is shown: scripts, and images that carry data away.

Code, between backticks, stays as it is: it is shown, not carried out.
"""

import re
from urllib.parse import urlsplit

import nh3

from app.guardrails.decisions import record

_LONGEST = 2000
"""Characters of a tag or a link."""
_ACTIVE = (
    *("applet", "audio", "base", "button", "embed", "form", "frame", "frameset", "iframe", "img", "input"),
    *("link", "math", "meta", "noscript", "object", "script", "select", "source", "style", "svg", "template"),
    *("textarea", "video"),
)
_FENCE = "```"
_TOKEN = (
    r"(?P<code>```|`[^`\n]{0,500}`)"
    rf"|(?P<tag></?(?P<name>[a-zA-Z][\w-]{{0,40}})(?:[\s/][^<>]{{0,{_LONGEST}}})?>)"
    rf"|(?P<link>(?P<image>!)?\[(?P<text>[^\[\]]{{0,500}})\]\(\s*(?P<url>[^()\s]{{0,{_LONGEST}}})[^()]{{0,500}}\))"
    r"|(?P<reference>!\[(?P<alt>[^\[\]]{0,500})\]\[[^\[\]]{0,100}\])"
    rf"|(?P<open><(?=/?(?:{'|'.join(_ACTIVE)})\b))"
)
_TOKENS = re.compile(_TOKEN, re.IGNORECASE)
_HELD = 2 * _LONGEST
_UNDECIDED = (
    rf"(?P<undecided>(?:`{{1,2}}|`[^`\n]{{1,500}}|<(?:/?[a-zA-Z][^<>]{{0,{_HELD}}})?/?"
    rf"|!?\[[^\[\]]{{0,500}}(?:\](?:\([^()]{{0,{_HELD}}}|\[[^\[\]]{{0,100}})?)?|!)\Z)"
)
_UNDECIDED_OR_TOKENS = re.compile(f"{_UNDECIDED}|{_TOKEN}", re.IGNORECASE)


class Markup:
    """Cleans the markup of one answer."""

    def __init__(self, switch: str, image_hosts: tuple[str, ...]) -> None:
        self._switch = switch
        self._hosts = frozenset(image_hosts)
        self._in_code = False
        self._is_reported = False

    def cut(self, text: str, at: int) -> int:
        """Hold back a tag, a link or code that has not ended."""
        for found in _UNDECIDED_OR_TOKENS.finditer(text):
            if found["undecided"] is not None or found.start() < at < found.end():
                return min(at, found.start())
        return at

    def clean(self, text: str) -> str:
        """Take out what is active."""
        cleaned = _TOKENS.sub(self._cleaned, text)
        if cleaned == text:
            return text
        if not self._is_reported:
            record("markup", self._switch)
            self._is_reported = True
        return text if self._switch == "report" else cleaned

    def _cleaned(self, found: re.Match[str]) -> str:
        if found["code"] == _FENCE:
            self._in_code = not self._in_code
        if self._in_code or found["code"]:
            return found[0]
        if found["tag"]:
            return _safe_tag(found[0], found["name"].lower())
        if found["open"]:
            return "&lt;"
        if found["reference"]:
            return found["alt"]
        return found[0] if self._is_safe_link(found) else found["text"]

    def _is_safe_link(self, found: re.Match[str]) -> bool:
        try:
            parts = urlsplit(found["url"])
        except ValueError:
            return False
        if found["image"]:
            return (parts.hostname or "") in self._hosts
        return parts.scheme.lower() in {"", "http", "https", "mailto", "tel"}


def _safe_tag(tag: str, name: str) -> str:
    """Return a tag without what is active in it; what is no element of HTML stays, such as `<T>`."""
    if name in _ACTIVE:
        return ""
    if name not in nh3.ALLOWED_TAGS:
        return "" if re.search(r"[\s/]on\w+\s*=", tag, re.IGNORECASE) else tag
    if tag.startswith("</") or not re.search(r"[\s/]\w", tag):
        return tag
    opening = re.match(r"<[^>]*>", nh3.clean(tag))
    return opening[0] if opening else ""
