"""Audio files of a few hundred bytes, written by hand: just enough of each format for a reader of tags."""

from __future__ import annotations

import struct


def comments(tags: dict[str, str]) -> bytes:
    fields = [f"{key}={value}".encode() for key, value in tags.items()]
    packed = b"".join(struct.pack("<I", len(field)) + field for field in fields)
    return struct.pack("<I", 4) + b"test" + struct.pack("<I", len(fields)) + packed


def _page(packet: bytes, flags: int, granule: int, number: int) -> bytes:
    sizes = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    return b"OggS" + struct.pack("<BBqIIIB", 0, flags, granule, 1, number, 0, len(sizes)) + sizes + packet


def ogg(first: bytes, second: bytes, granule: int) -> bytes:
    return _page(first, 2, 0, 0) + _page(second, 0, 0, 1) + _page(b"audio", 4, granule, 2)


def vorbis(tags: dict[str, str], nominal: int, seconds: int = 200) -> bytes:
    head = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 2, 44_100, 0, nominal, 0, 0xB8, 1)
    return ogg(head, b"\x03vorbis" + comments(tags) + b"\x01", seconds * 44_100)


def opus(tags: dict[str, str], seconds: int = 200) -> bytes:
    return ogg(
        b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 312, 48_000, 0, 0), b"OpusTags" + comments(tags), seconds * 48_000
    )


def ogg_flac(tags: dict[str, str], seconds: int = 200) -> bytes:
    stream = struct.pack(">HH6x", 4096, 4096) + (44_100 << 44 | 1 << 41 | 15 << 36 | seconds * 44_100).to_bytes(
        8, "big"
    )
    head = b"\x7fFLAC\x01\x00\x00\x01fLaC" + b"\0\0\0\x22" + stream + bytes(16)
    body = comments(tags)
    return ogg(head, b"\x84" + len(body).to_bytes(3, "big") + body, seconds * 44_100)


def _atom(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def _text(name: bytes, value: bytes, kind: int = 1) -> bytes:
    return _atom(name, _atom(b"data", struct.pack(">II", kind, 0) + value))


def _esds(bitrate: int) -> bytes:
    config = b"\x05\x02\x12\x10"  # AAC LC, 44.1 kHz, stereo
    decoder = (
        b"\x04" + bytes([13 + len(config)]) + b"\x40\x15" + bytes(3) + struct.pack(">II", bitrate, bitrate) + config
    )
    body = b"\x03" + bytes([3 + len(decoder) + 3]) + b"\0\1\0" + decoder + b"\x06\x01\x02"
    return _atom(b"esds", bytes(4) + body)


def _alac(bits: int) -> bytes:
    return _atom(b"alac", bytes(4) + struct.pack(">IBBBBBBHIII", 4096, 0, bits, 40, 10, 14, 2, 255, 0, 700_000, 44_100))


def m4a(tags: dict[str, str], codec: str = "mp4a", bitrate: int = 256_000, bits: int = 16, seconds: int = 200) -> bytes:
    """`codec` is mp4a, alac or ac-3."""
    extra = {"mp4a": _esds(bitrate), "alac": _alac(bits), "ac-3": _atom(b"dac3", b"\x10\x3d\xc0")}[codec]
    entry = _atom(
        codec.encode(), bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHHHI", 2, 16, 0, 0, 44_100 << 16) + extra
    )
    stsd = _atom(b"stsd", bytes(4) + struct.pack(">I", 1) + entry)
    mdhd = _atom(b"mdhd", bytes(12) + struct.pack(">IIHH", 44_100, seconds * 44_100, 0, 0))
    hdlr = _atom(b"hdlr", bytes(8) + b"soun" + bytes(12))
    trak = _atom(b"trak", _atom(b"mdia", mdhd + hdlr + _atom(b"minf", _atom(b"stbl", stsd))))
    names = {"ARTIST": b"\xa9ART", "ALBUM": b"\xa9alb", "TITLE": b"\xa9nam", "ALBUMARTIST": b"aART", "DATE": b"\xa9day"}
    items = b"".join(_text(names[key], value.encode()) for key, value in tags.items() if key in names)
    if "TRACKNUMBER" in tags:
        items += _text(b"trkn", struct.pack(">HHHH", 0, int(tags["TRACKNUMBER"]), 9, 0), 0)
    if "COMPILATION" in tags:
        items += _text(b"cpil", b"\1", 21)
    if "LABEL" in tags:
        mean, name = _atom(b"mean", bytes(4) + b"com.apple.iTunes"), _atom(b"name", bytes(4) + b"LABEL")
        items += _atom(b"----", mean + name + _atom(b"data", struct.pack(">II", 1, 0) + tags["LABEL"].encode()))
    meta = _atom(b"meta", bytes(4) + _atom(b"hdlr", bytes(8) + b"mdirappl" + bytes(9)) + _atom(b"ilst", items))
    return _atom(b"ftyp", b"M4A \0\0\0\0") + _atom(b"moov", trak + _atom(b"udta", meta)) + _atom(b"mdat", bytes(64))


def ac3() -> bytes:
    """Frames of 448 kbit/s at 48 kHz, stereo."""
    return (b"\x0b\x77\0\0\x1e\x40\x43" + bytes(1792 - 7)) * 20


def adts(seconds: int = 2) -> bytes:
    """AAC LC at 44.1 kHz, frames of 743 bytes: about 256 kbit/s."""
    size = 743
    header = (0xFFF << 44 | 1 << 40 | 1 << 38 | 4 << 34 | 2 << 30 | size << 13 | 0x7FF << 2).to_bytes(7, "big")
    return (header + bytes(size - 7)) * (seconds * 44_100 // 1024)


_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def frame(kbits: int) -> bytes:
    """One of MPEG-1 Layer III at 44.1 kHz, stereo, with nothing in it."""
    return (b"\xff\xfb" + bytes([_KBITS.index(kbits) << 4, 0])).ljust(144_000 * kbits // 44_100, b"\0")


def mp3_vbr(kbits: float, header: bytes = b"Xing", seconds: int = 20) -> bytes:
    """An MP3 of a mean bit rate, with the header that other encoders than LAME write: Xing or VBRI."""
    frames = seconds * 44_100 // 1152
    size = int(kbits * 125 * frames * 1152 / 44_100)
    if header == b"Xing":
        told = struct.pack(">4sIIII", b"Xing", 0xB, frames, size + 417, 80)
    else:
        told = struct.pack(">4sHHHIIHHHH", b"VBRI", 1, 0, 75, size, frames, 0, 1, 2, 1)
    return frame(128)[:36] + told + frame(128)[36 + len(told) :] + frame(128) * 3 + bytes(size - 3 * len(frame(128)))
