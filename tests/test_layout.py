"""Data flows one way: each module imports only modules that stand before it, and what is owned has one owner."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
WATCHER = (  # noqa: SIM905
    "errors durable logs release identify rules config secrets jobs journal client sources intake torrents seeding "
    "uploader notify metrics service cli __main__"
).split()
TRACKERS = (  # noqa: SIM905
    "clock errors secret content identity description titles catalogue base sheet metafile http limits line announce "
    "images lookups outfit gazelle redacted orpheus unit3d btn nebulance __init__ sandbox"
).split()
# description and titles are pure: rules.yaml is checked against the slots of their templates. So is identity.
OPEN_TO_WATCHER = {"clock", "errors", "secret", "content", "identity", "description", "titles", "catalogue"}
OPEN_TO_THE_LOOP = {*OPEN_TO_WATCHER, "base", "lookups", "__init__"}
OWNERS = {"qbittorrentapi": "watcher/client", "requests": "trackers/http"}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        inside = path.relative_to(ROOT / package)
        yield (inside.parts[0] if len(inside.parts) > 1 else inside.stem), path


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every absolute module a file imports, also inside functions; `from a.b import c` gives a.b and a.b.c."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def part_of(name: str, package: str, known: list[str]) -> str | None:
    """Which module of `package` an import means; None if it is another package's."""
    steps = name.split(".")
    if steps[0] != package:
        return None
    return steps[1] if len(steps) > 1 and steps[1] in known else "__init__" if len(steps) <= 2 else steps[1]


def out_of_order(package: str, order: list[str]) -> list[str]:
    wrong = []
    for module, path in modules(package):
        if module == "__init__" and package == "watcher":
            continue
        assert module in order, f"{path.relative_to(ROOT)} has no place in the layout"
        for name, line in imported(path):
            other = part_of(name, package, order)
            if other in (None, module) or (package == "watcher" and other == "__init__"):
                continue
            if package == "trackers" and other == "__init__" and name.count(".") == 1 and name.split(".")[1] in order:
                continue
            if other not in order or order.index(other) > order.index(module):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {module} imports {name}")
    return wrong


def test_each_module_imports_only_modules_that_stand_before_it() -> None:
    assert out_of_order("watcher", WATCHER) == []
    assert out_of_order("trackers", TRACKERS) == []


def test_the_trackers_know_nothing_of_the_watcher() -> None:
    names = [(path, name) for _, path in modules("trackers") for name, _ in imported(path)]
    assert [(p, n) for p, n in names if n.split(".")[0] == "watcher"] == []


def test_only_the_loop_and_the_service_open_a_tracker() -> None:
    wrong = []
    for module, path in modules("watcher"):
        allowed = OPEN_TO_THE_LOOP if module in ("uploader", "service") else OPEN_TO_WATCHER
        allowed = allowed | {"sandbox"} if module == "service" else allowed
        for name, line in imported(path):
            part = part_of(name, "trackers", TRACKERS)
            bare = name == "trackers" and "__init__" not in allowed
            if part is not None and (bare or (name != "trackers" and part not in allowed)):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert wrong == []


def test_what_is_owned_has_one_owner() -> None:
    wrong = []
    for package in ("watcher", "trackers"):
        for _, path in modules(package):
            where = str(path.relative_to(ROOT))
            for name, line in imported(path):
                owner = OWNERS.get(name.split(".")[0])
                if owner and not where.startswith(owner):
                    wrong.append(f"{where}:{line}: {name}")
            if re.search(r"\bos\.(fsync|fdatasync)\b", path.read_text()) and not where.startswith("watcher/durable"):
                wrong.append(f"{where}: flushes")
    assert wrong == []


def test_only_the_command_line_prints_or_exits() -> None:
    wrong = []
    for package in ("watcher", "trackers"):
        for module, path in modules(package):
            if package == "watcher" and module in ("cli", "__main__"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if name in ("print", "input", "sys.exit", "exit", "quit"):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert wrong == []
