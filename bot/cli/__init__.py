"""The `amts` command. Data goes to standard output, everything else to standard error.

Exit codes: 0 done; 1 something could not be done (one section failed, the rest is done); 2 wrong use or
bad input.
"""

from __future__ import annotations

import logging
import os
import sys

import click

from bot.cli.amazon import doctor, sandbox
from bot.cli.bench import bench, demo
from bot.cli.book import status, sync
from bot.cli.data import parallel_data
from bot.cli.engines import engines
from bot.cli.output import one_line
from bot.cli.quality import quality
from bot.cli.section import align, draft, score, segments
from bot.cli.service import app_manifest, jobs, run, serve, worker
from sync.faults import unexpected
from sync.model import AmtsError

# What is not installed unless it is asked for, by the module that is missed.
_EXTRAS = {
    "bm25s": "adaptive", "dbos": "bot", "flask": "bot", "github": "bot", "huggingface_hub": "local", "jwt": "bot",
    "matplotlib": "charts", "mdpo": "bench", "moto": "sandbox", "psycopg": "postgres", "requests": "bot",
    "sqlalchemy": "bot", "werkzeug": "sandbox", "xllamacpp": "local",
}  # fmt: skip


@click.group(name="amts", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="amts", prog_name="amts")
@click.option("--debug", is_flag=True, help="Tell more, such as where in the code an error came up.")
def amts(debug: bool) -> None:
    """Keep the translations of a Markdown book in step with its English source."""
    logging.basicConfig(format="amts: %(name)s: %(message)s", force=True)
    for package in ("bot", "sync"):
        logging.getLogger(package).setLevel(logging.DEBUG if debug else logging.WARNING)


for command in (
    sync, draft, status, segments, align, score, parallel_data, engines, doctor, sandbox,
    serve, worker, run, jobs, quality, app_manifest, bench, demo,
):  # fmt: skip
    amts.add_command(command)


def main() -> None:
    """Runs `amts` with the arguments of the process and ends it with the exit code."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        code = amts.main(arguments, prog_name="amts", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        help_wanted.show()
        return 2
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 1)
    except AmtsError as error:
        return _fail(str(error), 2)
    except UnicodeError as error:
        return _fail(f"text that is not UTF-8: {error}", 2)
    except BrokenPipeError:
        # Whoever read the output has gone: nothing can be told there, not even by the flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{place}", 1)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            return _fail(unexpected(error), 1)
        return _fail(f"this command needs an extra: pip install 'amts[{extra}]', or '.[{extra}]' in a clone", 2)
    except RecursionError:
        return _fail("the input is nested too deeply: simplify it", 2)
    except Exception as error:  # a fault of ours, which nobody can read as a traceback but with --debug
        return _fail(unexpected(error), 1)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    click.echo(f"amts: error: {one_line(message)}", err=True)
    return code
