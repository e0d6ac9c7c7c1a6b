"""The ffmpeg command: which one is run, how it is given paths, and what it says when it fails. ffmpeg-python writes its arguments.

Every path reaches ffmpeg behind `file:`, so that no name can be read as an option or a protocol.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg

from localize.errors import NotReady, UserError


@cache
def ffmpeg_exe() -> str:
    """The ffmpeg to run: the system's if it is at least as new as the one that came with the install."""
    import imageio_ffmpeg

    try:
        bundled: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as e:
        raise NotReady("there is no ffmpeg.", missing=("ffmpeg",), how="pip install imageio-ffmpeg") from e
    system = shutil.which("ffmpeg")
    return system if system and _major(system) >= _major(bundled) else bundled


def _major(exe: str) -> int:
    banner = subprocess.run([exe, "-version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"ffmpeg version n?(\d+)", banner)
    return int(match.group(1)) if match else 0


def file(path: str | Path) -> str:
    """A path as ffmpeg must be given it."""
    return f"file:{path}"


class MediaError(UserError):
    """ffmpeg refused a file or failed. The message has its last words."""


def run(stream: Any, what: str, *, stdin: bytes | None = None) -> bytes:
    """Run an ffmpeg-python graph to its end; its stdout. `what` names the work in the error."""
    command = ffmpeg.compile(stream.global_args("-hide_banner", "-nostdin", "-nostats"), cmd=ffmpeg_exe(), overwrite_output=True)
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise MediaError(f"{what} failed: {last_words(done.stderr)}")
    return done.stdout or done.stderr


def last_words(stderr: bytes) -> str:
    """The last three lines of what ffmpeg said, as one."""
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:])
