"""The guard of what becomes active where an answer is shown: scripts, and images that carry data away.

Code, between backticks, stays as it is: it is shown, not carried out.
"""

import re
from html import unescape
from urllib.parse import urlsplit

import nh3

from app.guardrails.decisions import record

_LONGEST = 2000
"""Characters of a tag or a link."""
_HELD = 2 * _LONGEST
_ACTIVE = (
    *("applet", "audio", "base", "button", "embed", "form", "frame", "frameset", "iframe", "img", "input"),
    *("link", "math", "meta", "noscript", "object", "script", "select", "source", "style", "svg", "template"),
    *("textarea", "video"),
)
_SAFE_SCHEMES = frozenset({"", "http", "https", "mailto", "tel"})
_FENCE_START = r"(?:\A|(?<=\n)) {0,3}"
_IN_CODE = re.compile(rf"(?P<undecided>{_FENCE_START}`{{0,2}}(?<=[ `])\Z)|(?P<fence>{_FENCE_START}```)")
_TEXT = r"(?:[^\[\]\n]|\[[^\[\]\n]{0,200}\]){0,500}"
"""What stands between brackets, which may hold brackets."""
_DESTINATION = rf"(?:[^()\n]|\([^()\n]{{0,{_LONGEST}}}\)){{0,{_LONGEST}}}"
"""What stands between parentheses, which may hold parentheses."""
_TOKEN = (
    rf"(?P<fence>{_FENCE_START}```)"
    r"|(?P<escaped>\\[\\`!\[\]<])"
    r"|(?P<code>(?P<ticks>`{1,3})(?!`)[^`\n]{1,500}(?P=ticks)(?!`))"
    rf"|(?P<tag></?(?P<name>[a-zA-Z][\w-]{{0,40}})(?:[\s/][^<>]{{0,{_LONGEST}}})?>)"
    rf"|(?P<auto><(?P<auto_url>[a-zA-Z][a-zA-Z0-9+.-]{{1,31}}:[^<>\s]{{0,{_LONGEST}}})>)"
    rf"|(?P<link>(?P<image>!)?\[(?P<text>{_TEXT})\]\((?P<url>{_DESTINATION})\))"
    rf"|(?P<definition>(?:\A|(?<=\n)) {{0,3}}\[[^\[\]\n]{{1,200}}\]:[ \t]*(?P<defined>[^\n]{{0,{_LONGEST}}}))"
    rf"|(?P<reference>!\[(?P<alt>{_TEXT})\](?:\[[^\[\]\n]{{0,200}}\])?)"
    rf"|(?P<open><(?=/?(?:{'|'.join(_ACTIVE)})\b))"
)
_TOKENS = re.compile(_TOKEN, re.IGNORECASE)
_UNDECIDED = re.compile(
    rf"(?P<undecided>(?:{_FENCE_START}`{{0,2}}(?<=[ `])"
    r"|`{1,3}|`{1,3}[^`\n]{1,500}`{0,3}|\\"
    rf"|<(?:/?[a-zA-Z][^<>]{{0,{_HELD}}})?/?"
    rf"|(?:\A|(?<=\n)) {{0,3}}\[[^\[\]\n]{{1,200}}\]:[^\n]{{0,{_HELD}}}"
    rf"|!?\[{_TEXT}(?:\[[^\[\]\n]{{0,200}})?"
    rf"|!?\[{_TEXT}\](?:\({_DESTINATION}(?:\([^()\n]{{0,{_LONGEST}}})?|\[[^\[\]\n]{{0,200}})?|!)\Z)|{_TOKEN}",
    re.IGNORECASE,
)


class Markup:
    """Cleans the markup of one answer."""

    def __init__(self, switch: str, image_hosts: tuple[str, ...]) -> None:
        self._switch = switch
        self._hosts = frozenset(image_hosts)
        self._in_code = False
        self._begins_line = True
        """Whether what comes next is at the beginning of a line."""
        self._is_reported = False

    def cut(self, text: str, at: int) -> int:
        """Hold back a tag, a link or code that has not ended."""
        in_code, place = self._in_code, 0
        while found := self._next(_UNDECIDED, text, place, in_code=in_code):
            if found.start() >= at:
                break
            if found["undecided"] is not None or found.end() > at:
                return found.start()
            in_code = found["fence"] is not None and not in_code
            place = found.end()
        return at

    def clean(self, text: str) -> str:
        """Take out what is active."""
        pieces, place = [], 0
        while found := self._next(_TOKENS, text, place, in_code=self._in_code):
            pieces += [text[place : found.start()], self._cleaned(found)]
            place = found.end()
        cleaned = "".join((*pieces, text[place:]))
        self._begins_line = text.endswith("\n")
        if cleaned == text:
            return text
        if not self._is_reported:
            record("markup", self._switch)
            self._is_reported = True
        return text if self._switch == "report" else cleaned

    def _next(
        self, pattern: re.Pattern[str], text: str, place: int, *, in_code: bool
    ) -> re.Match[str] | None:
        """Return what comes next; in code that is its end alone, or what may become its end."""
        pattern = _IN_CODE if in_code else pattern
        while found := pattern.search(text, place):
            needs_line = found["fence"] or (not in_code and found["definition"])
            if not needs_line or found.start() > 0 or self._begins_line:
                return found
            place = found.end()
        return None

    def _cleaned(self, found: re.Match[str]) -> str:
        if found["fence"]:
            self._in_code = not self._in_code
        if found["fence"] or found["escaped"] or found["code"]:
            return found[0]
        if found["tag"]:
            return _safe_tag(found[0], found["name"].lower())
        if found["open"]:
            return "&lt;"
        if found["auto"] or found["definition"]:
            return found[0] if _has_safe_scheme(found["auto_url"] or found["defined"]) else ""
        if found["reference"]:
            return found[0] if found["alt"].isdigit() else found["alt"]
        is_safe = self._shows(found["url"]) if found["image"] else _has_safe_scheme(found["url"])
        return found[0] if is_safe else found["text"]

    def _shows(self, url: str) -> bool:
        """Whether images of this URL are shown."""
        try:
            return (urlsplit(_plain_url(url)).hostname or "") in self._hosts
        except ValueError:
            return False


def _has_safe_scheme(url: str) -> bool:
    try:
        return urlsplit(_plain_url(url)).scheme.lower() in _SAFE_SCHEMES
    except ValueError:
        return False


def _plain_url(url: str) -> str:
    """Return a URL as a browser reads it: without title, brackets, entities and what is not seen."""
    url = unescape(url).strip()
    url = url[1:].partition(">")[0] if url.startswith("<") else url.partition(" ")[0]
    return re.sub(r"[\x00-\x20\\]", "", url)


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
