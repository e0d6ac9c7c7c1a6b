"""A PostgreSQL of its own for tests and benchmarks: a private server on a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote


def lack() -> str:
    """Why there can be no server here; "" if there can."""
    if _programs() is None:
        return "PostgreSQL (initdb, pg_ctl) is not installed"
    if os.getuid() == 0 and _other_user() is None:
        return "PostgreSQL does not run as root, and there is no other user"
    return ""


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of an empty database, whose server ends with the block. Raises RuntimeError where there can be none."""
    programs = _programs()
    if programs is None or lack():
        raise RuntimeError(lack())
    user = _other_user()
    # Not pytest's own folder: a socket's path may have 107 bytes, and another user has to come in.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user: dict[str, Any] = {"cwd": folder}
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
            as_user |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data, control = folder / "data", programs / "pg_ctl"
        _run([programs / "initdb", "-D", data, "-U", "crossreel", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], as_user)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        _run([control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], as_user)
        try:
            yield f"postgresql://crossreel@/postgres?host={quote(str(folder), safe='')}"
        finally:
            _run([control, "-D", data, "-w", "-m", "immediate", "stop"], as_user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[Any], as_user: dict[str, Any]) -> None:
    # Not piped: a server inherits what pg_ctl has, and a pipe that it holds open would never end.
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=said, stderr=said, **as_user)
        if ended.returncode:
            said.seek(0)
            raise RuntimeError(f"{command[0]} ended with {ended.returncode}: {said.read().decode(errors='replace')}")


def _programs() -> Path | None:
    """The folder that PostgreSQL's programs lie in: the newest, where a distribution keeps several."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    on_path = [Path(os.path.realpath(found)).parent for found in (shutil.which("initdb"),) if found]
    return next((folder for folder in (*on_path, *installed) if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def _other_user() -> pwd.struct_passwd | None:
    """Whom the server runs as where this process is root, which it refuses; None to stay who we are."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None
