import pytest

from app.llm.prompts import PromptError, load_prompt, parse_prompt, prompt_files

HEADER = "---\nname: x.greet\nversion: 2\nvariables: [who]\n---\n"


def test_variables_are_filled_in() -> None:
    prompt = parse_prompt(f"{HEADER}Greet {{{{ who }}}}.", "x.greet")

    rendered = prompt.render(who="Anna & {{ co }}")

    assert (rendered.name, rendered.version, rendered.text) == ("x.greet", 2, "Greet Anna & {{ co }}.")


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, r"needs the variables \['who'\]"), ({"who": 1, "why": 2}, r"has no variables \['why'\]")],
)
def test_missing_and_unknown_variables_are_refused(values: dict[str, object], message: str) -> None:
    prompt = parse_prompt(f"{HEADER}Greet {{{{ who }}}}.", "x.greet")

    with pytest.raises(PromptError, match=message):
        prompt.render(**values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Greet.", "must begin with a front matter"),
        (f"{HEADER}Greet.", r"declares the variables \['who'\] but uses \[\]"),
        (f"{HEADER}Greet {{{{ who }}}} and {{{{ whom }}}}.", "but uses"),
        (f"{HEADER}Greet {{{{ who .", "is not valid"),
        ("---\nname: x.other\nversion: 1\n---\nGreet.", "calls itself 'x.other'"),
        ("---\nname: x.greet\n---\nGreet.", "version"),
        ("---\nname: [\n---\nGreet.", "is not valid"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        parse_prompt(text, "x.greet")


def test_an_unknown_prompt_is_refused_with_those_that_exist() -> None:
    with pytest.raises(PromptError, match=r"no prompt 'llm\.nonsense'.*llm\.chat"):
        load_prompt("llm.nonsense")


@pytest.mark.parametrize("name", sorted(prompt_files()))
def test_every_prompt_of_the_application_is_valid(name: str) -> None:
    assert load_prompt(name).name == name
