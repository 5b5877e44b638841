"""Values too long for a line: STATE/blobs/<sha256>.json, durable before the record that names them. Never deleted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watcher.durable import FileSystem, exists, private_folder, replace
from watcher.jobs.records import LINE, dumps, encode, loads
from watcher.journal.errors import BlobLost


class Blobs:
    """A folder of values, each named by its digest."""

    def __init__(self, folder: Path, fs: FileSystem) -> None:
        self.folder = folder
        self._fs = fs

    def put(self, value: object) -> dict[str, str]:
        """Store a value durably; what stands for it in a record. Raises OSError."""
        data = dumps(value)
        name = hashlib.sha256(data).hexdigest()
        path = self.folder / f"{name}.json"
        if not self._stands(path, len(data)):
            private_folder(self.folder, fs=self._fs)
            replace(path, data, fs=self._fs)
        return {"blob": name}

    def _stands(self, path: Path, size: int) -> bool:
        return exists(path, self._fs) and self._fs.stat(path).st_size == size

    def get(self, value: Any) -> Any:
        """The value that a reference stands for; anything else as it is. Raises BlobLost."""
        name = reference(value)
        return value if name is None else loads(self.read(name))

    def read(self, name: str) -> bytes:
        """The bytes of a blob, its digest checked."""
        path = self.folder / f"{name}.json"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BlobLost(f"{path} can't be read: {error.strerror}", hint="restore it from a backup") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise BlobLost(f"{path} is damaged: its digest is another", hint="restore it from a backup")
        return data

    def fitted(self, record: Mapping[str, Any]) -> bytes:
        """The line of a record, its longest values put into blobs until it fits. Raises ValueError if it can't."""
        line = encode(record)
        while len(line) > LINE:
            sizes = {key: len(dumps(value)) for key, value in record.items() if not isinstance(value, (int, float))}
            key = max(sizes, key=lambda key: sizes[key], default="")
            if not key or sizes[key] < 100 or key == "type":
                raise ValueError(f"a {record['type']} record of {len(line)} bytes can't be made to fit a line")
            record = {**record, key: self.put(record[key])}
            line = encode(record)
        return line


def reference(value: Any) -> str | None:
    """The digest, if a value is what stands for a blob."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(name := value.get("blob"), str):
        return name if len(name) == 64 and os.sep not in name else None
    return None
