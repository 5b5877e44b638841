"""How content must lie for a site that won't take it as it is: what is left out, unfolded, renamed. Pure; the links
themselves are made by `links`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from trackers.catalogue import SiteType
from trackers.content import Content, File
from watcher.release import in_order
from watcher.rules.patterns import Glob
from watcher.rules.view import fold

_SHORTEST = 8  # characters of a name that are left when it is cut


@dataclass(frozen=True)
class Staging:
    """A tree of links. `files` and `sources` go in pairs, in the order of the torrent."""

    name: str
    single: bool
    files: tuple[File, ...]  # as the torrent names them
    sources: tuple[File, ...]  # as the content names them
    changes: tuple[str, ...]  # every one, in words

    def over(self, content: Content) -> Content:
        """The content as the site will see it. Cover and logs, which are read beside the torrent, keep their places."""
        return dataclasses.replace(content, name=self.name, single=self.single, files=self.files)


def staging(content: Content, site: SiteType, exclude: Sequence[str]) -> Staging | None:
    """What must change before the site takes `content`; None if nothing must. `exclude`: globs over a file's name, or
    over its path in the content, case-blind. Names of scene content are left as they are, whatever the site says."""
    changes: list[str] = []
    kept = _kept(content, exclude, changes)
    name, single = content.name, content.single
    if site.unfolds and not single and len(kept) == 1:
        path = kept[0].path
        changes.append(f"takes {path!r} out of its folder {name!r}")
        name, single = path.rsplit("/", 1)[-1], True
    files = [File(name, file.size) for file in kept] if single else kept
    if not _of_scene(content, name):
        name, files = _renamed(name, files, single, site, changes)
    if not changes:
        return None
    order = in_order(files)
    source = {new.path: old for new, old in zip(files, kept, strict=True)}
    return Staging(name, single, order, tuple(source[file.path] for file in order), tuple(changes))


def _kept(content: Content, exclude: Sequence[str], changes: list[str]) -> list[File]:
    tests = [Glob(pattern).test for pattern in exclude]
    kept = []
    for file in content.files:
        path = fold(file.path)
        if any(test(path) or test(path.rsplit("/", 1)[-1]) for test in tests):
            changes.append(f"leaves out {file.path!r}")
        else:
            kept.append(file)
    return kept


def _of_scene(content: Content, name: str) -> bool:
    """Where nobody knows, a name in the scene's form (No.Blanks.2019.1080p.WEB.x264-GROUP) is taken for one."""
    if content.scene is not None:
        return content.scene
    stem = name.rsplit(".", 1)[0] if content.single or name != content.name else name
    rest, dash, group = stem.rpartition("-")
    return bool(dash and group.isalnum() and ("." in rest or "_" in rest) and not any(c.isspace() for c in stem))


def _renamed(
    name: str, files: Sequence[File], single: bool, site: SiteType, changes: list[str]
) -> tuple[str, list[File]]:
    """Names without what the site forbids in them, no path longer than it takes, no two files of one name."""
    clean = _cleaned(name, site)
    inner = [clean if single else "/".join(_cleaned(part, site) for part in file.path.split("/")) for file in files]
    if any(_length(clean, path, single) > site.path_limit for path in inner):
        if not single:
            clean = _cut(clean, max(_SHORTEST, min(len(clean), site.path_limit // 2)))
        inner = [_fitted(path, site.path_limit - (0 if single else len(clean) + 1)) for path in inner]
        clean = inner[0] if single else clean
    inner = _told_apart(inner, [file.path for file in files])
    if clean != name:
        changes.append(f"calls {'the file' if single else 'the folder'} {name!r} {clean!r}")
    if not single:
        pairs = zip(files, inner, strict=True)
        changes += [f"calls {file.path!r} {path!r}" for file, path in pairs if file.path != path]
    return clean, [File(path, file.size) for path, file in zip(inner, files, strict=True)]


def _length(name: str, path: str, single: bool) -> int:
    return len(path) if single else len(name) + 1 + len(path)


def _cleaned(part: str, site: SiteType) -> str:
    """One name without forbidden characters and without blanks around it."""
    return "".join("_" if char in site.forbidden_characters else char for char in part).strip() or "_"


def _fitted(path: str, limit: int) -> str:
    """A path of at most `limit` characters: its file's name is cut first, then its folders', never below a rest by
    which they can be told apart. What still does not fit is for the site's own rules to refuse."""
    *folders, last = path.split("/")
    over = len(path) - limit
    if over > 0:
        last = _cut(last, max(_SHORTEST + len(_ending(last)), len(last) - over))
    for place, folder in enumerate(folders):
        over = len("/".join([*folders, last])) - limit
        if over > 0:
            folders[place] = _cut(folder, max(_SHORTEST, len(folder) - over))
    return "/".join([*folders, last])


def _ending(name: str) -> str:
    """The extension, with its dot."""
    stem, dot, ending = name.rpartition(".")
    return dot + ending if stem and len(ending) <= 5 else ""


def _cut(name: str, length: int) -> str:
    """The beginning of a name, with its extension, in at most `length` characters."""
    if len(name) <= length:
        return name
    ending = _ending(name)
    return name[: max(1, length - len(ending))].rstrip(" .") + ending


def _told_apart(paths: Sequence[str], before: Sequence[str]) -> list[str]:
    """Where two names became one, the later gets a number in the place of its last letters. What was not renamed keeps
    its name."""
    taken = {path for path, old in zip(paths, before, strict=True) if path == old}
    out = []
    for path, old in zip(paths, before, strict=True):
        new, number = path, 2
        while new != old and new in taken:
            new, number = _numbered(path, f"~{number}"), number + 1
        taken.add(new)
        out.append(new)
    return out


def _numbered(path: str, mark: str) -> str:
    folder, slash, name = path.rpartition("/")
    ending = _ending(name)
    stem = name[: len(name) - len(ending)]
    return folder + slash + stem[: max(1, len(stem) - len(mark))] + mark + ending
