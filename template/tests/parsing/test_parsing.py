"""Files of all kinds: sound, broken, hostile."""

import io
import zipfile

import pytest

from app.parsing import Limits, Parsed, parse
from app.parsing.errors import (
    DocumentCorrupt,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentError,
    DocumentNotSupported,
    DocumentTooLong,
)
from tests.parsing.files import docx_of, encrypted, pdf_of, pptx_of, xlsx_of


@pytest.mark.parametrize(
    ("content", "pages"),
    [
        (pdf_of("Invoice 7\nTotal: 9.50"), 1),
        (pdf_of("Invoice 7", "Total: 9.50"), 2),
        (docx_of("Invoice 7\nTotal: 9.50"), 1),
        (b"Invoice 7\r\nTotal: 9.50", 1),
        ("Invoice 7\nTotal: 9.50".encode("utf-16"), 1),
        ("Invoice 7\nTotal: 9.50 \u20ac, Gr\u00fc\u00dfe".encode("cp1252"), 1),
        (b"\xef\xbb\xbfInvoice 7\nTotal: 9.50", 1),
        (b"junk before\n" + pdf_of("Invoice 7\nTotal: 9.50"), 1),
    ],
    ids=[
        "pdf",
        "pdf of two pages",
        "docx",
        "text",
        "utf-16",
        "windows",
        "with a byte order mark",
        "pdf after junk",
    ],
)
async def test_the_text_of_a_file_is_found(content: bytes, pages: int) -> None:
    found = await parse(content)

    assert ("Invoice 7" in found.text, "Total: 9.50" in found.text, found.pages) == (True, True, pages)


async def test_a_pdf_of_200_pages_is_read_to_its_end() -> None:
    found = await parse(pdf_of(*(f"Page number {n}" for n in range(1, 201))))

    assert found.pages == 200
    assert "Page number 200" in found.text


def zip_of(name: str, content: bytes, *others: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for other in others:
            archive.writestr(other, "")
    return out.getvalue()


PDF = pdf_of("Invoice 7")


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (encrypted(PDF, "secret"), DocumentEncrypted, "password"),
        (b"", DocumentEmpty, "empty"),
        (b" \n\t ", DocumentEmpty, "no text"),
        (pdf_of(""), DocumentEmpty, "no text"),
        (docx_of(""), DocumentEmpty, "no text"),
        (PDF[: len(PDF) // 3], DocumentError, "PDF|text"),
        (b"%PDF-1.7\n" + b"\xff\x00" * 500, DocumentCorrupt, "cannot be read"),
        (docx_of("Invoice 7")[:200], DocumentCorrupt, "archive"),
        (zip_of("a.txt", b"a"), DocumentNotSupported, "none of DOCX"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", DocumentNotSupported, "neither PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", DocumentNotSupported, "old Office"),
        (zip_of("word/document.xml", b"0" * (200 << 20)), DocumentCorrupt, "memory"),
    ],
    ids=[
        "encrypted",
        "no bytes",
        "blanks",
        "a page without text",
        "docx without text",
        "half a pdf",
        "no pdf behind its head",
        "half a docx",
        "another archive",
        "an image",
        "an old word file",
        "a bomb",
    ],
)
async def test_what_cannot_be_read_is_a_typed_error(
    content: bytes, error: type[DocumentError], said: str
) -> None:
    with pytest.raises(error, match=said):
        await parse(content)


async def test_too_many_pages_are_refused_with_their_number() -> None:
    with pytest.raises(DocumentTooLong, match="3 pages, at most 2"):
        await parse(pdf_of("a", "b", "c"), limits=Limits(pages=2))


async def test_too_much_text_is_refused_and_the_setting_named() -> None:
    with pytest.raises(DocumentTooLong, match="1000 characters") as caught:
        await parse(b"a" * 1001, limits=Limits(characters=1000, settings="RAG"))

    assert "RAG_MAX_CHARACTERS" in (caught.value.hint or "")


async def test_what_takes_too_long_is_stopped() -> None:
    with pytest.raises(DocumentCorrupt, match=r"0\.01 seconds"):
        await parse(PDF, limits=Limits(seconds=0.01))


def outline(parsed: Parsed) -> list[tuple[int | None, tuple[str, ...], str, str]]:
    """Return page, headings, kind and first line of each section."""
    return [(s.page, s.headings, s.kind, s.text.splitlines()[0]) for s in parsed.sections]


MARKDOWN = """---
title: Manual
---
# Lamps

Read this first.

## Cleaning

Use a dry cloth.

| part | cloth |
|---|---|
| glass | dry |

```sh
# no heading
```
# Warranty
Two years.
"""


async def test_markdown_is_cut_at_headings_and_tables() -> None:
    assert outline(await parse(MARKDOWN.encode(), "manual.md")) == [
        (None, ("Lamps",), "text", "Lamps"),
        (None, ("Lamps", "Cleaning"), "text", "Cleaning"),
        (None, ("Lamps", "Cleaning"), "table", "| part | cloth |"),
        (None, ("Lamps", "Cleaning"), "text", "```sh"),
        (None, ("Warranty",), "text", "Warranty"),
    ]


HTML = """<!DOCTYPE html><html><head><title>T</title><style>p {color: red}</style></head><body>
<nav><a href="/">Home</a></nav><h1>Lamps</h1><p>For <b>every</b> room_1.</p>
<table><tr><th>type</th><th>price</th></tr><tr><td>A</td><td>40</td></tr></table>
<script>alert(1)</script></body></html>"""


@pytest.mark.parametrize("name", ["a\0b.md", "-", "../../etc/passwd", "x" * 100_000 + ".md", "a.\ud800"])
async def test_no_name_keeps_a_file_from_being_parsed(name: str) -> None:
    assert (await parse(b"A lamp", name)).text == "A lamp"


async def test_html_is_what_a_reader_sees() -> None:
    parsed = await parse(HTML.encode(), "page")

    assert (parsed.format, parsed.text) == (
        "html",
        "Lamps\n\nFor every room_1.\n\n| type | price |\n| --- | --- |\n| A | 40 |",
    )


async def test_slides_have_numbers_and_notes() -> None:
    parsed = await parse(pptx_of(["Lamps", "For every room"], ["Prices"], notes={2: "Net of tax"}))

    assert outline(parsed) == [(1, ("Lamps",), "text", "Lamps"), (2, ("Prices",), "text", "Prices")]
    assert parsed.sections[1].text.endswith("Net of tax")


async def test_a_sheet_is_a_table_without_what_is_empty() -> None:
    parsed = await parse(
        xlsx_of({"Prices": [["type", "", "price"], ["A", "", 40], ["", "", ""], ["B", "", 9.5]]})
    )

    assert [(s.headings, s.kind, s.text) for s in parsed.sections] == [
        (("Prices",), "table", "| type | price |\n| --- | --- |\n| A | 40 |\n| B | 9.5 |")
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_a_csv_is_a_table_whatever_separates_it(separator: str) -> None:
    text = f"type{separator}price\nA{separator}40\nB{separator}9\n"

    assert (
        await parse(text.encode(), "a.csv")
    ).text == "| type | price |\n| --- | --- |\n| A | 40 |\n| B | 9 |"


async def test_json_has_one_value_a_line() -> None:
    assert (await parse(b'{"lamp": {"price": 40}}', "a.json")).text == '{\n "lamp": {\n  "price": 40\n }\n}'


MAIL = b"""From: Ada <ada@example.com>
To: shop@example.com
Subject: The lamp
 is broken
Date: Mon, 2 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/html; charset=utf-8

<p>It does not <i>shine</i>.</p>
--x
Content-Type: application/pdf
Content-Disposition: attachment; filename=bill.pdf

none
--x--
"""


@pytest.mark.parametrize("name", ["message.eml", ""])
async def test_a_mail_says_who_when_and_what(name: str) -> None:
    parsed = await parse(MAIL, name)

    assert (parsed.format, parsed.sections[0].headings) == ("email", ("The lamp is broken",))
    for expected in ("From: Ada", "Date: Mon, 02 Nov 2026", "Attachment: bill.pdf", "It does not shine."):
        assert expected in parsed.text


async def test_a_mail_in_an_encoding_that_there_is_not_is_read_all_the_same() -> None:
    mail = "From: a@example.com\nTo: b\nContent-Type: text/plain; charset=nonsense\n\nGr\u00fc\u00dfe"

    assert (await parse(mail.encode(), "a.eml")).text.endswith("Gr\u00fc\u00dfe")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "\u041f\u0440\u0438\u0432\u0435\u0442, \u044d\u0442\u043e \u0442\u0435\u043a\u0441\u0442"),
        ("cp1250", "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144, to jest dokument"),
        ("latin-1", "Les \u00e9l\u00e8ves sont tr\u00e8s fatigu\u00e9s apr\u00e8s la f\u00eate"),
        (
            "gb18030",
            "\u8fd9\u662f\u4e2d\u6587\u6587\u6863\uff0c\u8bb0\u5f55\u4e86\u7ed3\u679c\u3002",
        ),
        ("euc_kr", "\uc774\uac83\uc740 \ud55c\uad6d\uc5b4 \ubb38\uc11c\uc785\ub2c8\ub2e4."),
        ("shift_jis", "\u3053\u308c\u306f\u65e5\u672c\u8a9e\u306e\u6587\u66f8\u3067\u3059\u3002"),
    ],
)
async def test_text_is_read_in_any_encoding(encoding: str, text: str) -> None:
    assert (await parse(text.encode(encoding))).text == text


async def test_lines_in_two_encodings_are_both_read() -> None:
    mixed = "Der K\u00e4se kostet 5 \u20ac.\n".encode() + "K\u00e4se aus K\u00f6ln.\n".encode("cp1252")

    assert (await parse(mixed)).text == "Der K\u00e4se kostet 5 \u20ac.\nK\u00e4se aus K\u00f6ln."


async def test_a_few_stray_control_characters_do_not_make_a_text_unreadable() -> None:
    assert (await parse(b"word " * 1000 + b"\x00end")).text.endswith("word end")


async def test_a_slide_with_entities_is_refused() -> None:
    hostile = zip_of(
        "ppt/slides/slide1.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "ppt/presentation.xml"
    )

    with pytest.raises(DocumentCorrupt, match="entities"):
        await parse(hostile)
