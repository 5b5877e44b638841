"""Asks a program for the vault's passphrase: `pass show …`, `systemd-creds decrypt …`. Knows no vault."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess

from trackers.secret import Secret
from watcher.secrets.errors import SecretError

SECONDS = 10.0  # a program that asks a person, or hangs, is not waited for longer
LONGEST = 4096  # bytes of the answer
CURE = "it is one program with its arguments, by its full path, that prints the passphrase: SEEDPOST_VAULT_COMMAND"


def answer_of(command: str, seconds: float = SECONDS) -> Secret:
    """The one line that `command` prints. No shell reads it, it gets no input, and its errors are not kept: they may
    hold what it protects. Raises SecretError."""
    words = _words(command)
    try:
        with subprocess.Popen(  # noqa: S603  the user's own program, by full path and without a shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            data = _read(process, words[0], seconds)
    except OSError as error:
        raise SecretError(f"{words[0]} could not be started: {error.strerror}", hint=CURE) from error
    if process.returncode:
        raise SecretError(f"{words[0]} ended with {process.returncode}, and gave no passphrase", hint=CURE)
    return _line(data, words[0])


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SecretError(f"the command for the passphrase can't be read: {error}", hint=CURE) from error
    if not words or not words[0].startswith("/"):
        raise SecretError("the command for the passphrase does not begin with a full path", hint=CURE)
    return words


def _read(process: subprocess.Popen[bytes], name: str, seconds: float) -> bytes:
    try:
        data, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with whatever it started
        raise SecretError(f"{name} gave no passphrase within {seconds:g} s", hint=CURE) from error
    return data


def _line(data: bytes, name: str) -> Secret:
    text = data.decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not text or "\n" in text or len(data) > LONGEST:
        raise SecretError(f"{name} printed no passphrase, or more than one line", hint=CURE)
    return Secret(text)
