"""Writes a small album as a user would have it: valid FLAC or MP3 of noise, tags, cover, rip log.

Deterministic: the same arguments give the same bytes. Knows nothing of trackers, torrents or rules.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096  # samples a channel in a FLAC frame
BLOCKS = 4  # different blocks of noise a track; they repeat
SAMPLES = 1152  # samples in a frame of MPEG-1 Layer III
DELAY = 576  # samples an MP3 decoder leaves out at the start
RATE = 44_100  # Hz; the only rate the MP3 writer knows
BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # kbit/s by index in a frame's header
# Bit rates a VBR encoder would choose from, by its -V number: their mean is what such a file has.
VBR_RATES = {0: (224, 256, 256, 320, 224), 1: (192, 224, 256, 224), 2: (160, 192, 224, 192)}
SECTORS = 75  # a second of a CD

Tags = Mapping[str, str | Sequence[str] | None]


@dataclass(frozen=True)
class Song:
    """One track to write. `tags` go over the album's; None takes one away."""

    title: str
    artist: str | None = None  # None: the album's
    disc: int = 1
    seconds: float | None = None  # None: the album's
    tags: Tags | None = None


def write_album(
    folder: Path,
    *,
    artist: str,
    album: str,
    year: int,
    tracks: int | Sequence[str | Song],
    name: str | None = None,
    media: str | None = None,
    codec: str = "flac",
    bits: int = 16,
    rate: int = RATE,
    seconds: float = 2.0,
    cover: bool = True,
    log: bool = False,
    cue: bool = False,
    tags: Tags | None = None,
) -> Path:
    """Make the album's folder inside `folder` and return it.

    `codec` is `flac`, `mp3-320` (or another constant bit rate) or `mp3-v0` (to `mp3-v2`); `bits` (16 or 24) and `rate`
    (Hz) are FLAC's. Tags by default: artist, album artist, album, title, track and disc number, date and original date
    (`year`), genre, label, catalogue number, release type, medium; `tags` go over them, None takes one away. Of several
    discs each has a folder of its own. A second of FLAC takes `4 * rate` bytes at 16 bits.
    """
    named = tracks if not isinstance(tracks, int) else [f"Part {number}" for number in range(1, tracks + 1)]
    songs = [song if isinstance(song, Song) else Song(song) for song in named]
    label = {"flac": "FLAC" if bits == 16 else f"FLAC {bits}bit"}.get(codec, codec.replace("-", " ").upper())
    parts = " ".join(filter(None, (media, label)))
    root = folder / _file_name(name or f"{artist} - {album} ({year}) [{parts}]")
    root.mkdir(parents=True)
    shared = _shared_tags(artist, album, year, media, tags or {})
    written: list[tuple[Path, Song, float]] = []
    for place, song in enumerate(songs):
        path, tagged = _place(root, songs, place, artist, codec, shared)
        # No two tracks have one size, as in life.
        samples = int((song.seconds or seconds) * rate) + 577 * (place + 1)
        seed = f"{artist}\0{album}\0{year}\0{place}\0{song.title}".encode()
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(
            flac(tagged, seed, samples, bits, rate) if codec == "flac" else mp3(tagged, seed, samples, codec)
        )
        written.append((path, song, samples / rate))
    if cover:
        (root / "cover.png").write_bytes(png(300, f"{artist}\0{album}".encode()))
    for disc in sorted({song.disc for song in songs}) if log or cue else ():
        _write_rip(root, artist, album, [row for row in written if row[1].disc == disc], log, cue)
    return root


def _shared_tags(
    artist: str, album: str, year: int, media: str | None, tags: Tags
) -> dict[str, str | Sequence[str] | None]:
    number = int.from_bytes(hashlib.sha256(album.encode()).digest()[:2], "big")
    base: dict[str, str | Sequence[str] | None] = {
        "ALBUMARTIST": artist, "ALBUM": album, "DATE": str(year), "ORIGINALDATE": str(year), "GENRE": "Electronic",
        "LABEL": "Loopback Records", "CATALOGNUMBER": f"LB{number:05}", "RELEASETYPE": "album", "MEDIA": media,
    }  # fmt: skip
    return base | dict(tags)


def _place(
    root: Path, songs: Sequence[Song], place: int, artist: str, codec: str, shared: Tags
) -> tuple[Path, list[tuple[str, str]]]:
    """Where a track's file stands, and its tags."""
    song, discs = songs[place], max(song.disc for song in songs)
    number = sum(other.disc == song.disc for other in songs[: place + 1])
    own = {"ARTIST": song.artist or artist, "TITLE": song.title, "TRACKNUMBER": str(number)}
    own["TRACKTOTAL"] = str(sum(other.disc == song.disc for other in songs))
    if discs > 1:
        own |= {"DISCNUMBER": str(song.disc), "DISCTOTAL": str(discs)}
    merged = {**own, **shared, **(song.tags or {})}
    pairs = [(key, one) for key, value in merged.items() if value is not None for one in _each(value)]
    name = _file_name(f"{number:02} - {song.title}") + (".flac" if codec == "flac" else ".mp3")
    return (root / f"CD{song.disc}" if discs > 1 else root) / name, pairs


def _each(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _file_name(name: str) -> str:
    """A name without the letters that trackers refuse."""
    return "".join("_" if letter in ':?<>\\*|"/' else letter for letter in name).strip()


# FLAC: RFC 9639. Every subframe is verbatim, so nothing has to be packed by the bit.


def flac(tags: Iterable[tuple[str, str]], seed: bytes, samples: int, bits: int = 16, rate: int = RATE) -> bytes:
    """A FLAC file: `samples` of stereo noise with the right MD5 of it, and `tags`."""
    digest = hashlib.md5(usedforsecurity=False)
    frames = b"".join(_flac_frames(seed, samples, bits // 8, digest.update))
    stream = struct.pack(">HH6x", BLOCK, BLOCK)
    stream += (rate << 44 | 1 << 41 | (bits - 1) << 36 | samples).to_bytes(8, "big") + digest.digest()
    blocks = ((0, stream), (4, _vorbis_comment(tags)), (0x80 | 1, bytes(1024)))  # the last: padding
    return b"fLaC" + b"".join(bytes([kind]) + len(body).to_bytes(3, "big") + body for kind, body in blocks) + frames


def _vorbis_comment(tags: Iterable[tuple[str, str]]) -> bytes:
    fields = [f"{key}={value}".encode("utf-8", "surrogateescape") for key, value in tags]
    texts = [b"seedpost sandbox", *fields]
    packed = [struct.pack("<I", len(text)) + text for text in texts]
    return packed[0] + struct.pack("<I", len(fields)) + b"".join(packed[1:])


def _flac_frames(seed: bytes, samples: int, width: int, heard: Callable[[bytes], object]) -> Iterator[bytes]:
    blocks = [_noise(seed, number, BLOCK, width) for number in range(min(BLOCKS, samples // BLOCK))]
    bodies = [(body, pcm, _crc16(body)) for body, pcm in blocks]
    whole, rest = divmod(samples, BLOCK)
    for number in range(whole):
        body, pcm, crc = bodies[number % len(bodies)]
        heard(pcm)
        header = _flac_header(number, BLOCK, width)
        yield b"%b%b%b" % (header, body, (_after(_crc16(header), len(body)) ^ crc).to_bytes(2, "big"))
    if rest:
        body, pcm = _noise(seed, BLOCKS, rest, width)
        heard(pcm)
        frame = _flac_header(whole, rest, width) + body
        yield frame + _crc16(frame).to_bytes(2, "big")


def _flac_header(number: int, samples: int, width: int) -> bytes:
    """Of a stereo frame; the rate is left to STREAMINFO."""
    size = (0xC0, b"") if samples == BLOCK else (0x70, (samples - 1).to_bytes(2, "big"))
    depth = {2: 0b100, 3: 0b110}[width]
    coded = chr(number).encode("utf-8", "surrogatepass")  # FLAC counts frames in UTF-8's code
    header = b"\xff\xf8" + bytes([size[0], 1 << 4 | depth << 1]) + coded + size[1]
    return header + bytes([_crc8(header)])


def _noise(seed: bytes, number: int, samples: int, width: int) -> tuple[bytes, bytes]:
    """Two verbatim subframes of noise, and the same as a decoder puts it out."""
    drawn = hashlib.shake_128(b"%b\0%d" % (seed, number)).digest(samples * width * 2)
    pcm = bytearray(len(drawn))
    for channel in range(2):
        side = drawn[channel * samples * width : (channel + 1) * samples * width]
        for byte in range(width):
            pcm[channel * width + byte :: 2 * width] = side[width - 1 - byte :: width]
    half = samples * width
    return b"\x02" + drawn[:half] + b"\x02" + drawn[half:], bytes(pcm)


def _table(bits: int, polynomial: int) -> list[int]:
    table, top, mask = [], 1 << bits - 1, (1 << bits) - 1
    for value in range(256):
        crc = value << bits - 8
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & top else 0)) & mask
        table.append(crc)
    return table


_CRC8, _CRC16 = _table(8, 0x07), _table(16, 0x8005)


def _crc8(data: bytes) -> int:
    return functools.reduce(lambda crc, byte: _CRC8[crc ^ byte], data, 0)


def _crc16(data: bytes) -> int:
    crc, table = 0, _CRC16
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ byte]
    return crc


def _after(crc: int, length: int) -> int:
    """The CRC-16 after `length` more zero bytes: a block of noise is summed once, whatever header stands before it."""
    return _times(crc, _power(length * 8))


@functools.cache
def _power(bits: int) -> int:
    if bits == 0:
        return 1
    half = _power(bits // 2)
    square = _times(half, half)
    return _times(square, 2) if bits % 2 else square


def _times(left: int, right: int) -> int:
    """The product of two polynomials over GF(2), modulo FLAC's."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = (left << 1 ^ (0x18005 if left & 0x8000 else 0)) & 0xFFFF
        right >>= 1
    return product


# MP3: frames whose side information says silence; the noise lies where a decoder looks for ancillary data.


def mp3(tags: Iterable[tuple[str, str]], seed: bytes, samples: int, codec: str) -> bytes:
    """An MP3 file with an ID3v2.4 tag, and a LAME header that says which `-V` or `-b` it stands for."""
    quality = int(codec[-1]) if codec.startswith("mp3-v") else None
    rates = VBR_RATES[quality] if quality is not None else (int(codec.removeprefix("mp3-")),)
    noise = hashlib.shake_128(seed).digest(1440).replace(b"\xff", b"\0")  # no false sync word
    frames, excess = [], 0
    for number, kbits in zip(range(-(-(samples + DELAY) // SAMPLES)), itertools.cycle(rates), strict=False):
        excess += SAMPLES // 8 * kbits * 1000 % RATE
        padded, excess = excess >= RATE, excess % RATE
        frames.append(_mp3_frame(kbits, padded, noise[number % 97 :]))
    audio = b"".join(frames)
    return _id3(tags) + _lame_frame(audio, frames, samples, rates, quality) + audio


def _mp3_frame(kbits: int, padded: bool, content: bytes) -> bytes:
    length = SAMPLES // 8 * kbits * 1000 // RATE + padded
    header = b"\xff\xfb" + bytes([BITRATES.index(kbits) << 4 | padded << 1, 0x00])
    return (header + bytes(32) + content)[:length].ljust(length, b"\0")


def _lame_frame(
    audio: bytes, frames: Sequence[bytes], samples: int, rates: Sequence[int], quality: int | None
) -> bytes:
    """The first frame, silent, that holds the Xing (VBR) or Info (CBR) header with LAME's part."""
    empty = _mp3_frame(max(rates), False, b"")
    offsets, at = [], 0
    for frame in frames:
        offsets.append(at)
        at += len(frame)
    toc = bytes(min(255, offsets[part * len(frames) // 100] * 256 // at) for part in range(100))
    level = 100 - 10 * quality if quality is not None else 0
    header = b"Xing" if quality is not None else b"Info"
    header += struct.pack(">III", 15, len(frames), len(audio) + len(empty)) + toc + struct.pack(">I", level)
    method, preset = (4, 500 - 10 * quality) if quality is not None else (1, rates[0])
    header += b"LAME3.100" + bytes([method, 200]) + bytes(9) + bytes([min(255, min(rates))])
    header += (
        (DELAY << 12 | len(frames) * SAMPLES - samples - DELAY).to_bytes(3, "big")
        + bytes(2)
        + preset.to_bytes(2, "big")
    )
    header += struct.pack(">IH", len(audio) + len(empty), _reflected(audio))
    frame = empty[:36] + header
    return (frame + _reflected(frame).to_bytes(2, "big")).ljust(len(empty), b"\0")


def _reflected(data: bytes) -> int:
    """LAME's CRC-16: the same polynomial with the bits of every byte, and of the sum, turned round."""
    crc = _crc16(data.translate(_TURNED))
    return _TURNED[crc & 0xFF] << 8 | _TURNED[crc >> 8]


_TURNED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_ID3 = {
    "ARTIST": b"TPE1", "ALBUMARTIST": b"TPE2", "ALBUM": b"TALB", "TITLE": b"TIT2", "DATE": b"TDRC",
    "ORIGINALDATE": b"TDOR", "GENRE": b"TCON", "LABEL": b"TPUB", "MEDIA": b"TMED", "TRACKNUMBER": b"TRCK",
    "DISCNUMBER": b"TPOS", "COMPOSER": b"TCOM", "CONDUCTOR": b"TPE3", "REMIXER": b"TPE4",
}  # fmt: skip
_ID3_NAMES = {
    "RELEASETYPE": "MusicBrainz Album Type"
}  # what taggers call a TXXX frame that Vorbis comments call otherwise


def _id3(tags: Iterable[tuple[str, str]]) -> bytes:
    values: dict[str, list[str]] = {}
    for key, value in tags:
        values.setdefault(key, []).append(value)
    for number, total in (("TRACKNUMBER", "TRACKTOTAL"), ("DISCNUMBER", "DISCTOTAL")):
        whole = values.pop(total, None)
        if whole and number in values:
            values[number] = [f"{values[number][0]}/{whole[0]}"]
    frames = b""
    for key, texts in values.items():
        text = "\0".join(texts if key in _ID3 else [_ID3_NAMES.get(key, key), *texts])
        body = b"\x03" + text.encode("utf-8", "surrogateescape")
        frames += _ID3.get(key, b"TXXX") + _syncsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames


def _syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def png(side: int, seed: bytes) -> bytes:
    """A square picture of `side` pixels, coloured by `seed`."""
    red, green, blue = hashlib.sha256(seed).digest()[:3]
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            rows += bytes(((red + x) & 0xFF, (green + y) & 0xFF, (blue + (x ^ y)) & 0xFF))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _write_rip(
    root: Path, artist: str, album: str, rows: Sequence[tuple[Path, Song, float]], log: bool, cue: bool
) -> None:
    """The log and the cue sheet of one disc, beside its tracks."""
    base = rows[0][0].parent / _file_name(f"{artist} - {album}")
    starts = list(itertools.accumulate((round(length * SECTORS) for _, _, length in rows), initial=0))
    if log:
        text = "\r\n".join(_log_lines(artist, album, rows, starts))
        base.with_name(base.name + ".log").write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))  # as EAC writes it
    if cue:
        lines = [f'PERFORMER "{artist}"', f'TITLE "{album}"']
        for number, (path, song, _) in enumerate(rows, 1):
            lines += [f'FILE "{path.name}" WAVE', f"  TRACK {number:02} AUDIO", f'    TITLE "{song.title}"']
            lines += [f'    PERFORMER "{song.artist or artist}"', "    INDEX 01 00:00:00"]
        base.with_name(base.name + ".cue").write_bytes("\r\n".join([*lines, ""]).encode())


def _log_lines(
    artist: str, album: str, rows: Sequence[tuple[Path, Song, float]], starts: Sequence[int]
) -> Iterator[str]:
    """In the form of an EAC from before it signed its logs: no signature can be made for what was never ripped."""
    yield from (
        "Exact Audio Copy V0.99 prebeta 5 from 4. May 2009",
        "",
        "EAC extraction logfile from 1. May 2010, 12:00",
        "",
    )
    yield from (f"{artist} / {album}", "", "Used drive  : LOOPBACK CDRW   Adapter: 0  ID: 0", "")
    settings = {
        "Read mode": "Secure", "Utilize accurate stream": "Yes", "Defeat audio cache": "Yes",
        "Make use of C2 pointers": "No", "Read offset correction": "6", "Overread into Lead-In and Lead-Out": "No",
        "Gap handling": "Appended to previous track",
        "Fill up missing offset samples with silence": "Yes", "Delete leading and trailing silent blocks": "No",
        "Null samples used in CRC calculations": "Yes", "Used interface": "Native Win32 interface for Win NT & 2000",
    }  # fmt: skip
    yield from (f"{key:44}: {value}" for key, value in settings.items())
    yield from ("", "", "TOC of the extracted CD", "", "     Track |   Start  |  Length  | Start sector | End sector ")
    yield "    ---------------------------------------------------------"
    for number, (start, end) in enumerate(itertools.pairwise(starts), 1):
        times = f"{_clock(start):>8} | {_clock(end - start):>8}"
        yield f"       {number:2}  | {times} | {start:9}    | {end - 1:8}   "
    for number, (path, _, _) in enumerate(rows, 1):
        crc = f"{zlib.crc32(path.name.encode()):08X}"
        yield from (
            "",
            "",
            f"Track {number:2}",
            "",
            f"     Filename C:\\EAC\\{path.stem}.wav",
            "",
            "     Peak level 100.0 %",
        )
        yield from ("     Track quality 100.0 %", f"     Test CRC {crc}", f"     Copy CRC {crc}", "     Copy OK")
    yield from ("", "", "No errors occurred", "", "End of status report", "")


def _clock(sectors: int) -> str:
    return f"{sectors // (60 * SECTORS)}:{sectors // SECTORS % 60:02}.{sectors % SECTORS:02}"
