"""What may be inside a torrent: extensions, characters, words, lengths. Facts on Gazelle, section 3, file rules."""

from __future__ import annotations

from trackers.sandbox.fields import Refusal
from trackers.sandbox.metainfo import Metainfo

_AUDIO = frozenset(
    {
        "ac3", "accurip", "azw3", "chm", "cue", "djv", "djvu", "doc", "docx", "dts", "epub", "ffp", "flac", "gif",
        "htm", "html", "jpeg", "jpg", "json", "lit", "lrc", "log", "m3u", "m3u8", "m4a", "m4b", "md5", "mobi", "mp3",
        "mp4", "nfo", "pdf", "pls", "png", "rtf", "sfv", "txt", "toc", "yaml", "yml",
    }
)  # fmt: skip
_COMICS = frozenset({"cbr", "cbz", "gif", "jpeg", "jpg", "pdf", "png"})
_AS_MUSIC = ("Music", "Audiobooks", "Comedy", "E-Books")
_CHARACTERS = ':?<>*|"'  # the words of the refusal name the backslash too, and it passes all the same
_WORDS = (
    "incomplete~", "ahashare.com", "demonoid.com", "demonoid.me", "djtunes.com", "h33t", "housexclusive.net",
    "limetorrents.com", "mixesdb.com", "mixfiend.blogstop", "mixtapetorrent.blogspot", "plixid.com", "reggaeme.com",
    "scc.nfo", "thepiratebay.org", "torrentday",
)  # fmt: skip
_LISTED = (
    "One or more of the files or folders in the torrent has a name that contains the forbidden character '{}'. "
    "Please rename the files as necessary and recreate the torrent.<br /><br />\n"
    'Note: The complete list of characters that are disallowed are shown below:<br />\n\t\t : ? < > \\ * | " '
)


def check_kind(meta: Metainfo) -> None:
    """Refuse what the site can't handle at all."""
    if b"encrypted_files" in meta.outer:
        raise Refusal("This torrent contains an encrypted file list which is not supported here.")
    if b"meta version" in meta.info:
        raise Refusal("This torrent is not a V1 torrent. V2 and Hybrid torrents are not supported here.")


def check_name(name: str) -> None:
    """A folder's or file's name: words, then characters."""
    if any(word in name.casefold() for word in _WORDS):
        raise Refusal(f"The torrent contained one or more forbidden files ({name})")
    for letter in name:
        if letter in _CHARACTERS:
            raise Refusal(_LISTED.format(letter))


def check_files(meta: Metainfo, category: str, longest: int) -> None:
    """Every file's name and extension, then every path's length in characters."""
    rows = meta.files()
    for path, _ in rows:
        check_name(path)
        if not _extension_fits(path, category):
            raise Refusal(f"The torrent contained one or more invalid files ({path})")
    full = [f"{meta.folder}/{path}" for path, _ in rows]
    if long := [path for path in full if len(path) > longest]:
        listed = "".join(f"<li>{path}</li>" for path in long)
        raise Refusal(f"The torrent contained one or more files with too long a name: <ul>{listed}</ul><br>")


def _extension_fits(path: str, category: str) -> bool:
    name = path.rpartition("/")[2]
    extension = name.rpartition(".")[2].casefold() if "." in name else ""
    if category in _AS_MUSIC:
        return extension in _AUDIO
    return extension in _COMICS if category == "Comics" else extension != "torrent"
