"""Finds the rules file and reads it once: bounded, a regular file that nobody else can change. Looks at no content."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from watcher.errors import INVALID, SeedpostError

SYSTEM = Path("/etc/seedpost/rules.yaml")
STATE = "~/.local/state/seedpost"  # where `state:` says nothing else
MOST_BYTES = 1024 * 1024
# "1" where a file system can't say otherwise (FAT, some NAS shares). Not a key of the file, which anybody may write.
WRITABLE = "SEEDPOST_RULES_WRITABLE_BY_ALL"
_VALUE = r"(?:'([^'\n]*)'|([^\s'\"#&*!|>%@`{\[,][^\n#]*?))"
_STATE = re.compile(rf"^state[ \t]*:[ \t]+{_VALUE}[ \t]*(?:[ \t]#[^\n]*)?\r?$", re.MULTILINE)


def find_rules(option: Path | None, environ: Mapping[str, str]) -> Path:
    """--rules, $SEEDPOST_RULES, the user's config folder, /etc; never the current one. Else SeedpostError, exit 78."""
    if option is not None:
        return _there(option, "--rules")
    if environ.get("SEEDPOST_RULES"):
        return _there(Path(environ["SEEDPOST_RULES"]).expanduser(), "$SEEDPOST_RULES")
    places = [_config_home(environ) / "seedpost" / "rules.yaml", SYSTEM]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        looked = " and ".join(map(str, places))
        raise SeedpostError(
            f"there is no rules.yaml; looked for {looked}",
            hint="`seedpost init` writes one; another place is named by --rules or $SEEDPOST_RULES",
            exit_code=INVALID,
        )
    return found


def rules_place(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Where `find_rules` finds a file, or where one of this user belongs if there is none yet."""
    named = option or (Path(environ["SEEDPOST_RULES"]).expanduser() if environ.get("SEEDPOST_RULES") else None)
    return (named or _config_home(environ) / "seedpost" / "rules.yaml").absolute()


def _config_home(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_CONFIG_HOME", "")
    return Path(given) if given.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".config"


def _there(path: Path, origin: str) -> Path:
    if not path.exists():
        raise SeedpostError(f"{origin} names {path}, and there is no such file", exit_code=INVALID)
    return path.absolute()


def read_file(path: Path) -> bytes:
    """The bytes of a file that nobody else can change. Raises SeedpostError, exit 78, with what to type."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise SeedpostError(f"{path} can't be read: {error.strerror}", exit_code=INVALID) from error
    try:
        _check(path, os.fstat(handle))
        parts = [os.read(handle, MOST_BYTES + 1)]
        while parts[-1] and sum(map(len, parts)) <= MOST_BYTES:
            parts.append(os.read(handle, MOST_BYTES + 1))
        return b"".join(parts)
    except OSError as error:
        raise SeedpostError(f"{path} can't be read: {error.strerror}", exit_code=INVALID) from error
    finally:
        os.close(handle)


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SeedpostError(f"{path} is no regular file", hint="a file, or a link to one", exit_code=INVALID)
    if found.st_uid not in (os.geteuid(), 0):
        raise SeedpostError(
            f"{path} belongs to another user (uid {found.st_uid}), who could start uploads with it",
            hint=f"sudo chown {os.geteuid()} {path}",
            exit_code=INVALID,
        )
    strangers = found.st_mode & stat.S_IWGRP and found.st_gid not in (os.getegid(), 0)
    if strangers and os.environ.get(WRITABLE) != "1":
        raise SeedpostError(
            f"{path} can be written by the group with id {found.st_gid}, which is not your own",
            hint=f"chmod g-w {path}",
            exit_code=INVALID,
        )
    if found.st_mode & stat.S_IWOTH and os.environ.get(WRITABLE) != "1":
        raise SeedpostError(
            f"{path} can be written by everybody on this machine", hint=f"chmod o-w {path}", exit_code=INVALID
        )


def beside(folder: Path) -> Callable[[str], tuple[Path, bytes]]:
    """Reads the files that lists name, relative to `folder`."""

    def read(name: str) -> tuple[Path, bytes]:
        path = folder / Path(name).expanduser()
        return path, read_file(path)

    return read


def state_of(path: Path) -> Path:
    """The state folder that a rules file names, for commands that need nothing else; the rest may have mistakes."""
    data = read_file(path)
    text = data.decode("utf-8-sig", "replace")
    found = _STATE.findall(text)
    if len(found) == 1:
        return Path(found[0][0] or found[0][1]).expanduser()
    return Path((_composed(data) if "state" in text else None) or STATE).expanduser()


def _composed(data: bytes) -> str | None:
    """The same through YAML, for a file that writes it in another way."""
    from watcher.config.reading import tree  # nearly no file comes here, and YAML takes long to load
    from watcher.rules.nodes import Block, Problems, Scalar

    root = tree(data, Problems(""))
    node = root.get("state") if isinstance(root, Block) else None
    return node.value if isinstance(node, Scalar) and not node.null else None
