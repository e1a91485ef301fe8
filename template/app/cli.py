"""The `app` command: the commands of all features, put together."""

import os
import signal
import sys
import traceback

import typer

from app.core.cli import cli as core_cli
from app.core.errors import AppError
from app.core.extensions import COMMANDS
from app.template.cli import cli as template_cli

_WORK_WITH_WRONG_SETTINGS = {"init", "doctor"}
_INTERRUPTED = 130
_TERMINATED = 143


def build_cli() -> typer.Typer:
    """Return the command with those of every feature on disk."""
    cli = typer.Typer(
        help="Run, inspect and operate this project.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    cli.callback()(_set_up)
    cli.add_typer(core_cli)
    for commands in COMMANDS.load().values():
        cli.add_typer(_with_shared_groups(commands, cli))
    return cli


def _with_shared_groups(commands: typer.Typer, cli: typer.Typer) -> typer.Typer:
    """Return a feature's commands; those of a group that another feature has too, such as `eval`, join it."""
    known = {
        group.name: group.typer_instance
        for other in cli.registered_groups
        if other.typer_instance
        for group in other.typer_instance.registered_groups
    }
    for group in [group for group in commands.registered_groups if group.name in known]:
        first, other = known[group.name], group.typer_instance
        if first and other:
            first.registered_commands += other.registered_commands
            commands.registered_groups.remove(group)
    return commands


def _set_up(context: typer.Context) -> None:
    from app.core.logging import configure_logging
    from app.core.settings import AppSettings
    from app.core.spans import end_spans

    context.call_on_close(end_spans)
    if context.invoked_subcommand in _WORK_WITH_WRONG_SETTINGS:
        configure_logging(AppSettings.model_construct())
    else:
        configure_logging()


def main() -> None:
    """Run the command. Every failure is a message and an exit code, never a traceback."""
    os.environ.setdefault("PYDANTIC_AI_NO_BANNER", "1")
    signal.signal(signal.SIGTERM, _terminate)
    try:
        # an update may leave a conflict in a file of any feature: this command must work all the same
        cli = template_cli if sys.argv[1:2] == ["template"] else build_cli()
        cli(prog_name="app")
    except AppError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("Interrupted.", _INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}", 1)
    except SyntaxError as error:
        _fail(f"{error.msg} in {error.filename}, line {error.lineno}.", 1)
    except Exception as error:  # noqa: BLE001 - the last resort: a message instead of a traceback
        _report_bug(error)


def _terminate(*_: object) -> None:
    """End as after Ctrl-C, so that what was opened is closed. Servers and workers have their own way."""
    sys.exit(_TERMINATED)


def _fail(message: str, code: int) -> None:
    from app.core.redaction import redact_text

    typer.secho(f"Error: {redact_text(message)}", fg="red", err=True)
    sys.exit(code)


def _report_bug(error: Exception) -> None:
    """Tell what broke in one line; with `LOG_LEVEL=debug`, and then without local variables, also where."""
    from app.core.bugs import report_bug
    from app.core.spans import end_spans

    report_bug(error)
    end_spans()
    if os.environ.get("LOG_LEVEL", "").lower() == "debug":
        _fail("".join(traceback.format_exception(error)), 1)
    _fail(f"{type(error).__name__}: {error} (LOG_LEVEL=debug shows where.)", 1)
