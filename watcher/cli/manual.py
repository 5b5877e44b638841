"""What each command's --help ends with: examples, and what its exit codes mean. docs/commands.md has the same codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click

from watcher.errors import (
    DUPLICATE,
    FAILED,
    HELD,
    INVALID,
    MISSING,
    NETWORK,
    NOT_AUTHORISED,
    NOT_FOUND,
    OK,
    RUNNING,
    UNKNOWN,
    USAGE,
)

MEANS: Mapping[int, str] = {
    OK: "fine",
    FAILED: "failed, or refused by the daemon",
    USAGE: "usage",
    NOT_FOUND: "not found",
    DUPLICATE: "duplicate",
    NETWORK: "a tracker or the network: try again",
    MISSING: "something is not installed",
    HELD: "a job is held",
    UNKNOWN: "an outcome is unknown; or: written, but not known to be on disk",
    RUNNING: "already running",
    NOT_AUTHORISED: "not authorised",
    INVALID: "rules.yaml or the state folder is not valid",
}


@dataclass(frozen=True)
class Page:
    """The end of one command's help. `codes`: those that mean more than `MEANS` says; 0 to 2 and 78 go without."""

    examples: tuple[str, ...]
    codes: Mapping[int, str]

    def text(self) -> str:
        """As click wants an epilog: blocks that are not wrapped anew."""
        examples = "\n".join(["\b", "Examples:", *(f"  {one}" for one in self.examples)])
        codes = {OK: MEANS[OK], FAILED: "failed", USAGE: MEANS[USAGE], INVALID: MEANS[INVALID], **self.codes}
        told = "\n".join(["\b", "Exit codes:", *(f"  {code:<3} {codes[code]}" for code in sorted(codes))])
        return f"{examples}\n\n{told}"


def put(path: str, command: click.Command) -> None:
    """Give a command its page, and those below it theirs."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            put(f"{path} {name}", below)
    elif path in PAGES:
        command.epilog = PAGES[path].text()


_JOB = "5f0c9a1e77d2"
_REFUSED = {FAILED: "the daemon refused it, and says why"}
_NO_JOB = {NOT_FOUND: "no such job or tracker"}
_WRITTEN = {UNKNOWN: "written, but the disk did not confirm it"}
_VERB = {**_REFUSED, **_NO_JOB, **_WRITTEN}
_LOCKED = {NOT_AUTHORISED: "the vault is locked, and no key to it is at hand"}
_NO_SUCH = {NOT_FOUND: "there is no vault, or nothing of this name in it"}
_WRONG_KEY = {NOT_AUTHORISED: "a key or a right was refused"}
_NOBODY = {NETWORK: "somebody could not be reached: try again"}

PAGES: Mapping[str, Page] = {
    "init": Page(
        (
            "seedpost init",
            "seedpost init --non-interactive --client http://127.0.0.1:8080 --username admin --tracker RED=redacted",
            "seedpost init --folder /srv/rips/ready --tracker EXM=unit3d=https://tracker.example",
        ),
        {**_NOBODY, NOT_AUTHORISED: "a key is missing or was refused"},
    ),
    "check": Page(
        ("seedpost check", "seedpost check --online", "seedpost check --json | jq -r '.problems[].message'"),
        {**_NOBODY, **_WRONG_KEY, INVALID: "the file is not valid, or a secret is missing"},
    ),
    "run": Page(
        ("seedpost run", "seedpost run --once", "seedpost run --backfill --since 30d"),
        {
            NETWORK: "--once: a job waits for a retry",
            HELD: "--once: a job is held",
            UNKNOWN: "--once: an outcome is unknown",
            RUNNING: "another process runs over this state folder",
            INVALID: "no valid rules, now or before; or the journal wants `seedpost journal repair`",
        },
    ),
    "demo": Page(("seedpost demo", "seedpost demo --json"), {FAILED: "it did not reach its end"}),
    "sandbox": Page(
        ("seedpost sandbox", "seedpost sandbox --port 8765", "seedpost sandbox --json"),
        {FAILED: "the port is taken"},
    ),
    "rules explain": Page(
        (
            "seedpost rules explain /srv/downloads/Album",
            f"seedpost rules explain {_JOB} --json",
            "seedpost rules explain /srv/downloads/Album --online",
        ),
        {NOT_FOUND: "no such content, torrent or job"},
    ),
    "rules test": Page(("seedpost rules test", "seedpost rules test --rules new.yaml"), {INVALID: "a test fails"}),
    "rules fields": Page(
        ("seedpost rules fields", "seedpost rules fields --tracker RED"), {NOT_FOUND: "no such tracker in rules.yaml"}
    ),
    "rules schema": Page(("seedpost rules schema > ~/.config/seedpost/rules.schema.json",), {}),
    "rules replay": Page(
        (
            "seedpost rules replay new.yaml --since 90d",
            "seedpost rules replay ~/.config/seedpost/rules.yaml --library --apply",
        ),
        {FAILED: "no client answered, or you said no"},
    ),
    "queue list": Page(
        (
            "seedpost queue list",
            "seedpost queue list --state held --tracker RED",
            "seedpost queue list --json | jq -r '.[] | [.state, .name] | @tsv'",
        ),
        {NOT_FOUND: "no job is for this tracker"},
    ),
    "queue show": Page(
        (f"seedpost queue show {_JOB}", "seedpost queue show 5f0c --json", "seedpost queue show 5f0c --remote"),
        {
            **_NO_JOB,
            DUPLICATE: "--remote: it was sent already",
            NETWORK: "--remote: the site could not be asked",
            NOT_AUTHORISED: "--remote: the site refused the key",
        },
    ),
    "queue review": Page(
        ("seedpost queue review", "seedpost queue review --code new-group", "seedpost queue review --state dry_run"),
        {USAGE: "usage; or there is no terminal to ask on", NOT_FOUND: "no job is for this tracker"},
    ),
    "queue retry": Page((f"seedpost queue retry {_JOB}", "seedpost queue retry --state held --code no-cover"), _VERB),
    "queue approve": Page(
        (
            f"seedpost queue approve {_JOB}",
            "seedpost queue approve --code brake",
            f"seedpost queue approve {_JOB} --reason 'the other one is a transcode'",
        ),
        _VERB,
    ),
    "queue cancel": Page(
        (f"seedpost queue cancel {_JOB}", f"seedpost queue cancel {_JOB} --reason 'a better rip is coming'"), _VERB
    ),
    "queue redecide": Page(
        ("seedpost queue redecide --state held", f"seedpost queue redecide {_JOB}"),
        _VERB,
    ),
    "queue prioritise": Page((f"seedpost queue prioritise {_JOB}", f"seedpost queue prioritise {_JOB} --to 5"), _VERB),
    "queue edit": Page(
        (
            f"seedpost queue edit {_JOB} music.year=1999 tags.add=live,1999",
            f"seedpost queue edit {_JOB} music.media=CD --release",
            "seedpost queue edit --state held --code form tags=electronic",
        ),
        _VERB,
    ),
    "queue resolve": Page(
        (f"seedpost queue resolve {_JOB} --uploaded 123456", f"seedpost queue resolve {_JOB} --absent"), _VERB
    ),
    "queue forget": Page((f"seedpost queue forget {_JOB} --deleted-on-site",), _VERB),
    "upload": Page(
        (
            "seedpost upload /srv/rips/Album --to RED,OPS",
            "seedpost upload 2c6b6858d61da9543d4231a71db4b1c9264b0685 --to OPS --request 1234",
            "seedpost upload /srv/rips/Album --to RED --dry-run --remote",
            "seedpost upload /srv/rips/Album --to RED --set music.media=CD --set RED:image=https://… --yes",
        ),
        {
            OK: "all of it stands on its sites",
            FAILED: "a guard, or the site that it came from, forbids it; or you said no",
            NOT_FOUND: "there is no such content or tracker",
            DUPLICATE: "it is on the site already",
            NETWORK: "it waits for a tracker, a limit or the client, and goes on with the daemon",
            HELD: "held, or facts are missing",
            UNKNOWN: "the outcome of an upload is unknown; it is looked for, never sent twice",
            NOT_AUTHORISED: "a tracker does not take the key",
        },
    ),
    "enqueue": Page(
        (
            "seedpost enqueue /srv/rips/Album",
            "seedpost enqueue --hash 2c6b6858d61da9543d4231a71db4b1c9264b0685",
            "seedpost enqueue '/srv/rips/One' '/srv/rips/Two'",
        ),
        {**_REFUSED, NOT_FOUND: "there is no such path", **_WRITTEN},
    ),
    "pause": Page(("seedpost pause RED --for 2h", "seedpost pause rips"), {**_REFUSED, **_WRITTEN}),
    "resume": Page(("seedpost resume RED", "seedpost resume seedbox"), {**_REFUSED, **_WRITTEN}),
    "status": Page(
        (
            "seedpost status",
            "seedpost status --check",
            "seedpost status --json | jq -r '.needs[].commands[].run'",
        ),
        {FAILED: "--check: something is wrong, and it says what"},
    ),
    "stats": Page(
        ("seedpost stats", "seedpost stats --since 30d --by rule", "seedpost stats --by day --csv > days.csv"),
        {NOT_FOUND: "there is no journal yet"},
    ),
    "logs": Page(
        (
            "seedpost logs -f",
            "seedpost logs --level warning --since 1d",
            "seedpost logs --job 5f0c --json | jq -r .event",
        ),
        {NOT_FOUND: "there is no log yet"},
    ),
    "secrets set": Page(
        ("seedpost secrets set red.api_key", "seedpost secrets set btn.cookies < cookies.txt"),
        {FAILED: "nothing was given", **_LOCKED},
    ),
    "secrets list": Page(("seedpost secrets list", "seedpost secrets list --json"), _LOCKED),
    "secrets status": Page(("seedpost secrets status", "seedpost secrets status --json"), {}),
    "secrets delete": Page(("seedpost secrets delete red.api_key",), {**_NO_SUCH, **_LOCKED}),
    "secrets rotate": Page(
        ("seedpost secrets rotate", "seedpost secrets rotate --key-file /media/usb/seedpost.key"),
        {**_NO_SUCH, NOT_AUTHORISED: "one of its keys is not at hand; nothing was changed"},
    ),
    "secrets passwd": Page(
        ("seedpost secrets passwd", "seedpost secrets passwd < two-lines"),
        {FAILED: "the two are not the same", NOT_AUTHORISED: "one of its keys is not at hand; nothing was changed"},
    ),
    "secrets slot list": Page(("seedpost secrets slot list",), {**_NO_SUCH, **_LOCKED}),
    "secrets slot add": Page(
        ("seedpost secrets slot add /media/usb/seedpost.key",),
        {FAILED: "this key opens it already, or it has as many as it may", **_NO_SUCH, **_LOCKED},
    ),
    "secrets slot remove": Page(
        ("seedpost secrets slot remove 5f0c9a1e",),
        {
            FAILED: "nothing else opens the vault",
            **_NO_SUCH,
            NOT_AUTHORISED: "one of the keys that stay is not at hand; nothing was changed",
        },
    ),
    "unlock": Page(
        ("seedpost unlock", "seedpost unlock < /media/key/passphrase"),
        {NOT_FOUND: "no daemon listens here", NOT_AUTHORISED: "wrong passphrase"},
    ),
    "torrent create": Page(
        (
            "seedpost torrent create /srv/rips/Album --tracker RED",
            "seedpost torrent create film.mkv --tracker OPS --output /tmp/film.torrent --json",
        ),
        {NOT_FOUND: "no such content or tracker", NETWORK: "the tracker could not be asked", **_WRONG_KEY},
    ),
    "torrent show": Page(("seedpost torrent show Album.RED.torrent",), {NOT_FOUND: "there is no such file"}),
    "notify test": Page(
        ("seedpost notify test", "seedpost notify test phone --json"),
        {
            OK: "all took it",
            FAILED: "an address is missing or was refused",
            NOT_FOUND: "rules.yaml has no such target",
            NETWORK: "a service could not be reached",
            MISSING: "Apprise is not installed",
        },
    ),
    "journal verify": Page(
        ("seedpost journal verify", "seedpost journal verify --json"),
        {OK: "nothing is amiss", FAILED: "something is, and needs no repair", INVALID: "it wants `journal repair`"},
    ),
    "journal compact": Page(("seedpost journal compact",), {NOT_FOUND: "there is no journal yet"}),
    "journal repair": Page(
        ("seedpost journal repair", "seedpost journal repair --json | jq .clients.left"),
        {
            FAILED: "something is left that it can't attribute to a tracker",
            NETWORK: "a client that matters could not be asked",
            RUNNING: "the daemon runs: stop it first",
        },
    ),
    "completion": Page(
        (
            "seedpost completion bash > ~/.local/share/bash-completion/completions/seedpost",
            'seedpost completion zsh > "${fpath[1]}/_seedpost"',
            "seedpost completion fish > ~/.config/fish/completions/seedpost.fish",
        ),
        {},
    ),
}
