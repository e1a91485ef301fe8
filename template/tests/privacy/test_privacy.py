"""What is found in texts, what is not, and how it is masked."""

import time

import pytest

from app.core.errors import ConfigurationError
from app.privacy import Masks, find_personal_data, mask
from app.privacy.settings import PrivacySettings
from tests.conftest import SetEnvironment


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to jane.doe+x@mail.example.co.uk today.", "Write to [EMAIL_1] today."),
        ("IBAN DE89 3704 0044 0532 0130 00, please", "IBAN [IBAN_1], please"),
        ("GB29NWBK60161331926819", "[IBAN_1]"),
        ("card 4111 1111 1111 1111 exp 12/27", "card [CARD_1] exp 12/27"),
        ("5500-0000-0000-0004", "[CARD_1]"),
        ("378282246310005", "[CARD_1]"),
        ("SSN 536-90-4399", "SSN [ID_1]"),
        ("RSSMRA85T10A562S", "[ID_1]"),
        ("NIR 2 95 10 99 126 111 93", "NIR [ID_1]"),
        ("CPF 390.533.447-05", "CPF [ID_1]"),
        ("AHV 756.9217.0769.85", "AHV [ID_1]"),
        ("DNI 54362315-K", "DNI [ID_1]"),
        ("36 574 261 809", "[ID_1]"),
        ("VAT DE136695976", "VAT [VAT_1]"),
        ("Call +49 30 901820 or +1 (650) 253-0000.", "Call [PHONE_1] or [PHONE_2]."),
        ("(jane@example.com)", "([EMAIL_1])"),
        ("IBAN ES91 2100 0418 4502 0005 1332 BIC CAIXESBB", "IBAN [IBAN_1] BIC CAIXESBB"),
        ("AT61 1904 3002 3457 3201 EUR 500", "[IBAN_1] EUR 500"),
        ("SE45 5000 0000 0583 9825 7466 SEK", "[IBAN_1] SEK"),
        ("de89370400440532013000", "[IBAN_1]"),
        ("4111 1111 1111 1111 12/27 123", "[CARD_1] 12/27 123"),
        ("4111111111111111 123", "[CARD_1] 123"),
        ("12 4111111111111111", "12 [CARD_1]"),
        ("4111\u00a01111\u202f1111 1111", "[CARD_1]"),
        ("No.4111111111111111, Karte-4111111111111111", "No.[CARD_1], Karte-[CARD_1]"),
        ("Tel.+49 30 901820", "Tel.[PHONE_1]"),
        ("CPF 39053344705", "CPF [ID_1]"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 01",  # its check digits are wrong
        "4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "Order 2026-11-27-0001 of 12,345.67 euros",
        "01a21c7f-d6cd-7590-a4c6-7e3fcb457929",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "version 3.11.7, build 20261127",
        "1234567890123456789012345678901234567890",
        "user@localhost",
        "",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask(text) == text


def test_numbers_without_a_countrys_code_are_found_for_the_countries_that_are_set(
    set_environment: SetEnvironment,
) -> None:
    text = "Rufen Sie 030 901820 an."
    assert find_personal_data(text) == []

    set_environment(PRIVACY_PHONE_REGIONS="DE")

    assert [each.text for each in find_personal_data(text)] == ["030 901820"]


def test_an_unknown_country_is_refused(set_environment: SetEnvironment) -> None:
    set_environment(PRIVACY_PHONE_REGIONS="Germany")

    with pytest.raises(ConfigurationError, match="PRIVACY_PHONE_REGIONS"):
        PrivacySettings.load()


def test_the_same_data_has_the_same_placeholder_in_all_texts_and_comes_back() -> None:
    masks = Masks()
    text = "From a@example.com to b@example.com, IBAN DE89370400440532013000"

    first = masks.mask(text)
    second = masks.mask("Answer A@example.com; DE89 3704 0044 0532 0130 00")

    assert first == "From [EMAIL_1] to [EMAIL_2], IBAN [IBAN_1]"
    assert second == "Answer [EMAIL_1]; [IBAN_1]"
    assert masks.restore(first) == text


@pytest.mark.parametrize(
    "text",
    ["jane-doe@example.com and janedoe@example.com", "a@my-shop.com and a@myshop.com", "a+b@c.de, ab@c.de"],
)
def test_two_addresses_that_look_alike_stay_two(text: str) -> None:
    masks = Masks()

    assert masks.restore(masks.mask(text)) == text


def test_a_placeholder_of_others_stays() -> None:
    assert Masks().restore("[EMAIL_1] and [NAME_1]") == "[EMAIL_1] and [NAME_1]"


@pytest.mark.parametrize("letter", ["\N{KELVIN SIGN}", "\N{LATIN SMALL LETTER LONG S}"])
def test_letters_that_only_look_like_those_of_an_iban_are_no_error(letter: str) -> None:
    assert find_personal_data(f"{letter * 2}89 3704 0044 0532 0130 00") == []


@pytest.mark.parametrize("piece", ["1 ", "a@", "+", "AB12 ", "1-", "a.", "x", "(0) ", "+4930"])
def test_a_hostile_text_of_100_kilobytes_takes_two_seconds_at_the_most(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.process_time()

    find_personal_data(text)

    assert time.process_time() - started < 2
