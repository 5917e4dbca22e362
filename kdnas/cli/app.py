"""The application: its commands, and how errors become one line and an exit code."""

import os
import signal
import sqlite3
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from kdnas import __version__
from kdnas.cli.attack import attack
from kdnas.cli.compare import compare
from kdnas.cli.distill import distill
from kdnas.cli.evaluate import evaluate
from kdnas.cli.export import export
from kdnas.cli.inspect import front, plot, show
from kdnas.cli.methods import methods
from kdnas.cli.presets import presets
from kdnas.cli.reproduce import reproduce
from kdnas.cli.resources import resources
from kdnas.cli.search import search
from kdnas.cli.status import status
from kdnas.cli.transfer import transfer
from kdnas.cli.verify import verify
from kdnas.errors import SeveralErrors, SpaceExhausted, UserError

app = typer.Typer(
    name="kdnas",
    help="Search for student networks that are accurate, hard to fool and small.\n\n"
    "Example: kdnas search --preset quickstart --out runs/quickstart",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    search, status, evaluate, front, show, plot, export, attack, transfer, distill, compare,
    reproduce, verify, presets, methods, resources,
):  # fmt: skip
    app.command()(command)


_STOPPED = "stopped before its end: give the command again"
_RESUMABLE = (
    "stopped; what was finished is kept, --resume goes on with it; a model in training begins again"
)
_INTERRUPTED = 130  # what typer makes of Ctrl-C


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"kdnas {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; exits with 0, with 1 if a run was stopped or failed, 2 on bad input."""
    _prepare_process()
    if "" in sys.argv[1:]:
        _fail(
            "an argument is empty, as of a variable without a value: give it, or leave it out",
            code=2,
        )
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except SeveralErrors as error:
        _fail(*error.lines, code=2)
    except (UserError, SpaceExhausted) as error:
        _fail(str(error), code=2)
    except sqlite3.DatabaseError as error:
        way_out = "`kdnas verify RUN` says more; use a copy of it, or a new --out"
        _fail(f"the archive of the run is damaged ({error}): {way_out}", code=2)
    except (KeyboardInterrupt, typer.Abort):
        _fail(_stopped(), code=1)
    except BrokenPipeError:
        _abandon_output()  # the reader of a pipe has left
        sys.exit(1)
    except OSError as error:
        _fail(f"{error}: a file or folder cannot be used; name another", code=2)
    except Exception as error:
        # Wrong use of an option: typer carries its own copy of click, whose exceptions it does
        # not export; this method is what they have in common.
        if not hasattr(error, "format_message"):
            raise
        _fail(f"{error.format_message()} (see --help)", code=2)
    if code == _INTERRUPTED:
        _fail(_stopped(), code=1)
    sys.exit(code if isinstance(code, int) else 0)


def _prepare_process() -> None:
    """Set what libraries read when they are loaded, how signals end it, and how it speaks."""
    # Read when torch is loaded. Threads that spin while they wait for each other make training
    # several times slower wherever another process wants the cores too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # But for some microseconds, the time between two products, they may: idle machines gain 10 %.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    # transformers 4 loads TensorFlow wherever it is installed, which takes seconds and talks.
    os.environ.setdefault("USE_TF", "0")
    # No figure needs a window, but matplotlib would not begin with a backend that it does not know.
    os.environ["MPLBACKEND"] = "agg"
    # As a batch system ends a job: it stops as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.formatwarning = _one_line
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for name in ("write", "flush"):
        setattr(sys.stdout, name, _named(getattr(sys.stdout, name)))


def _stopped() -> str:
    """What is said when the user has stopped a command."""
    goes_on = {*sys.argv[1:2]} <= {"search", "reproduce", "compare"} and not {
        "--dry-run",
        "--only",
    } & {*sys.argv}
    return _RESUMABLE if goes_on else _STOPPED


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    from kdnas.cli.output import visible

    return f"{visible(f'kdnas: {message}')}\n"


def _named(call: Callable[..., Any]) -> Callable[..., Any]:
    """A write to standard output whose error says that it is one; of a pipe it is an end."""

    def named(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UserError(
                f"cannot write the output ({error.strerror}): free some space, or send it elsewhere"
            ) from error

    return named


def _abandon_output() -> None:
    """Let the rest go nowhere; Python would complain at its end that it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(*messages: str, code: int) -> NoReturn:
    """End with a line for each message."""
    from kdnas.cli.output import visible

    for message in messages:
        print(visible(f"kdnas: {' '.join(message.split())}"), file=sys.stderr)
    sys.exit(code)
