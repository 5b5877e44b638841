"""The names in a rules file: which there are, and that no two of them are taken for each other."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.rules.nodes import Block, Items, Node, Problems, Scalar


def names_in(node: Node | None) -> tuple[str, ...]:
    """The keys of a map, whether or not what they hold is right."""
    return tuple(key.value for key, _ in node.entries if not key.bad) if isinstance(node, Block) else ()


@dataclass(frozen=True)
class Titles:
    """What tests may speak of."""

    rules: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    trackers: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Block) -> Titles:
        """The names that stand in the file, whether or not the rest of it is right."""
        rules, guards = (tuple(one.value for one in _names(root.get(block))) for block in ("rules", "guards"))
        return cls(rules, guards, names_in(root.get("trackers")))


def _names(node: Node | None) -> list[Scalar]:
    rows = node.items if isinstance(node, Items) else []
    found = (row.get("name") for row in rows if isinstance(row, Block))
    return [name for name in found if isinstance(name, Scalar) and not name.bad]


def check_titles(root: Block, problems: Problems) -> None:
    """No two guards and no two rules, nor a guard and a rule, may have one name: explain could not tell them apart."""
    seen: dict[str, int] = {}
    for name in (*_names(root.get("guards")), *_names(root.get("rules"))):
        if name.value in seen:
            problems.error(name, f"'{name.value}' is the name of another, in line {seen[name.value]}")
        seen.setdefault(name.value, name.line)


def check_names(root: Block, problems: Problems) -> None:
    """Trackers, clients, folders and look-up services are paused and have secrets by name: no two may be spelled
    alike."""
    seen: dict[str, Scalar] = {}
    blocks = (root.get(block) for block in ("clients", "trackers", "lookups"))
    keys = [key for block in blocks if isinstance(block, Block) for key, _ in block.entries]
    for name in (*keys, *_names(root.get("folders"))):
        folded = name.value.lower().replace("-", "_")
        if folded in seen and not name.bad:
            problems.error(
                name,
                f"'{name.value}' and '{seen[folded].value}' in line {seen[folded].line} can't be told apart",
                "names of trackers, clients, folders and look-up services differ in more than case, - and _",
            )
        seen.setdefault(folded, name)
