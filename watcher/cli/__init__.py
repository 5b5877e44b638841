"""The command line: the only place that prints, prompts or exits. Commands are imported when they are called."""

from __future__ import annotations

import errno
import importlib
import io
import sys
import types
from typing import TYPE_CHECKING

import click

from watcher import __version__
from watcher.cli.options import Place, with_place
from watcher.errors import FAILED, UNKNOWN, USAGE, SeedpostError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})  # a person can mend these

# name: (module, attribute, help): so that --help imports nothing but click
COMMANDS = {
    "init": ("watcher.cli.init", "init", "Set up step by step: qBittorrent, trackers, keys, a rules.yaml in dry_run."),
    "check": ("watcher.cli.check", "check", "Check rules, tests, paths and secrets; with --online every key too."),
    "run": ("watcher.cli.run", "run", "Watch, decide, upload and seed until stopped; --once until nothing is due."),
    "demo": (
        "watcher.cli.demo",
        "demo",
        "The whole pipeline against the sandbox, in a temporary folder, leaving nothing.",
    ),
    "sandbox": ("watcher.cli.demo", "sandbox", "The sandbox alone, to rehearse against."),
    "rules": ("watcher.cli.rules", "rules", "Why it goes where: explain, test, fields, schema."),
    "queue": ("watcher.cli.queue", "queue", "The jobs: list, show, retry, approve, cancel, edit, resolve."),
    "upload": ("watcher.cli.upload", "upload", "Upload content by hand: asks, shows the form, follows it to its end."),
    "enqueue": ("watcher.cli.control", "enqueue", "Look at a path or a torrent now."),
    "pause": ("watcher.cli.control", "pause", "Stop one tracker, or all, before the next upload."),
    "resume": ("watcher.cli.control", "resume", "Go on with what was paused or stopped."),
    "status": ("watcher.cli.status", "status", "One screen: clients, folders, lanes, jobs, and what needs you."),
    "stats": ("watcher.cli.stats", "stats", "What was uploaded, what failed, how long it took, with plots."),
    "logs": ("watcher.cli.logs", "logs", "The daemon's log, readable; -f goes on with what is added."),
    "secrets": ("watcher.cli.secrets", "secrets", "Store, list and delete keys and passwords; the keys of the vault."),
    "unlock": ("watcher.cli.vault", "unlock", "Give the running daemon the vault's passphrase."),
    "torrent": ("watcher.cli.torrent", "torrent", "Make a torrent by hand, look into one."),
    "notify": ("watcher.cli.notify", "notify", "Send a test message to the targets of notifications."),
    "journal": ("watcher.cli.journal", "journal", "Verify, compact or repair the journal."),
    "completion": ("watcher.cli.completion", "completion", "What bash, zsh or fish needs to complete commands."),
}


class Commands(click.Group):
    """The table as a click group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from watcher.cli.manual import put  # `seedpost --help` shows no pages

        module, attribute, _ = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        put(name, command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands of the table, importing none of them."""
        from click.shell_completion import CompletionItem  # only a shell asks

        items = [CompletionItem(name, help=help) for name, (_, _, help) in COMMANDS.items()]
        named = [item for item in items if item.value.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, _, help) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seedpost")
@with_place
def cli() -> None:
    """Uploads what qBittorrent finished to the trackers it belongs on, exactly once, unattended."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code. What a person can act on is two lines; all else has its traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() not in ("utf-8", "utf8"):
        sys.stdout.reconfigure(errors="replace")  # a terminal of another encoding shows ? for a character it lacks
    try:
        code = cli.main(arguments, prog_name="seedpost", standalone_mode=False, obj=Place())
    except SeedpostError as error:
        sys.exit(_told(str(error), error.hint, error.exit_code))
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        sys.exit(USAGE)
    except click.UsageError as error:
        from watcher.cli.meant import meant  # only where something was not understood

        see = f"see: {error.ctx.command_path if error.ctx else 'seedpost'} --help"
        sys.exit(_told(error.format_message(), meant(error) or see, USAGE))
    except click.ClickException as error:
        sys.exit(_told(error.format_message(), "", FAILED))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except OSError as error:
        if error.errno not in DISK:
            raise
        sys.exit(_told(*_of_the_disk(error)))
    sys.exit(code if isinstance(code, int) else 0)


def _of_the_disk(error: OSError) -> tuple[str, str, int]:
    """The message, the cure and the exit code of a disk that refuses, or that takes it and does not confirm it."""
    from watcher.durable import FlushFailed  # only here, as below

    where = f"{error.filename}: " if error.filename else ""
    if isinstance(error, FlushFailed):
        text = f"{where}written, but the disk did not confirm it: {error.strerror}"
        return text, "look at the disk, then see whether it is there", UNKNOWN
    return f"{where}{error.strerror}", "free some space, or mend the disk, then try again", FAILED


def crashed(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
    """`sys.excepthook` of every command: the traceback of what nobody foresaw, without a secret in it."""
    import traceback  # only here, as below

    from watcher.logs import redact, safe

    text = "".join(traceback.format_exception(kind, error, trace))
    print(safe(redact(text), lines=True), file=sys.stderr, end="")


def _told(text: str, hint: str, code: int) -> int:
    from watcher.logs import redact, safe  # only here: a command that goes well does not need the filter

    print(f"seedpost: error: {safe(redact(text), lines=True)}", file=sys.stderr)
    if hint:
        print(f"hint: {safe(redact(hint))}", file=sys.stderr)
    return code
