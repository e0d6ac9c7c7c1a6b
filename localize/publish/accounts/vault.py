"""Where grants are kept: in files that only this user may read, or in the environment."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock, Timeout
from pydantic import SecretStr, ValidationError

from localize import campaign as campaigns
from localize.errors import NotReady, Transient
from localize.publish.accounts.grants import NAME, App, Grant, plain

LONGEST_RENEWAL = 150.0  # s that another worker may take to renew a token: two requests that time out, and some

Kept = TypeVar("Kept", Grant, App)


class Source(Protocol):
    """A place that grants are kept in. What is written is safe when `write` returns; `lock` keeps all workers that use the same
    place from renewing the same grant at once."""

    def read(self, platform: str, name: str) -> Grant | None: ...

    def write(self, platform: str, name: str, grant: Grant) -> None: ...

    def lock(self, platform: str, name: str) -> AbstractContextManager[object]: ...

    def app(self, platform: str) -> App | None: ...

    def again(self, platform: str, name: str) -> str:
        """How a seller gets a new grant into it, as a sentence."""
        ...


class Vault:
    """Files `<root>/<platform>/<name>.json`, readable by this user alone. Workers on several machines may share the root."""

    def __init__(self, root: Path | None = None) -> None:
        shared = os.environ.get("CROSSREEL_ACCOUNTS")
        self.root = root or (Path(shared).expanduser() if shared else campaigns.home() / "accounts")

    def path(self, platform: str, name: str) -> Path:
        return self.root / platform / f"{name}.json"

    def read(self, platform: str, name: str) -> Grant | None:
        """Raises NotReady for a file that others may read, that this user can't, or that holds no grant."""
        return self._read(self.path(platform, name), Grant, self.again(platform, name))

    def write(self, platform: str, name: str, grant: Grant) -> None:
        self._write(self.path(platform, name), grant.written())

    def app(self, platform: str) -> App | None:
        return self._read(self.path(platform, "app"), App, f"Enter it again: `crossreel account app {platform}`.")

    def write_app(self, platform: str, app: App) -> None:
        self._write(self.path(platform, "app"), app.written())

    def remove(self, platform: str, name: str) -> bool:
        """Whether there was one."""
        there = self.path(platform, name).exists()
        self.path(platform, name).unlink(missing_ok=True)
        return there

    def names(self) -> list[tuple[str, str]]:
        """The platforms and names of all accounts."""
        found = ((path.parent.name, path.stem) for path in sorted(self.root.glob("*/*.json")))
        return [(platform, name) for platform, name in found if NAME.fullmatch(name) and name != "app"]

    @contextmanager
    def lock(self, platform: str, name: str) -> Iterator[None]:
        """Held by one worker at a time, and free again when it is killed. Raises Transient if it isn't free for minutes."""
        folder = self._folder(self.path(platform, name))
        try:
            with FileLock(folder / f".{name}.lock", timeout=LONGEST_RENEWAL, mode=0o600):
                yield
        except Timeout:
            raise Transient(f"another worker has been renewing the {platform} account {name} for {LONGEST_RENEWAL:.0f} s.") from None

    def again(self, platform: str, name: str) -> str:
        return f"Sign in again: `crossreel account add {platform} {name}`."

    def _folder(self, path: Path) -> Path:
        for folder in (self.root, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _must_be_ours(folder, 0o022, "be written by others, who could put their own account there", "700")
        return path.parent

    def _read(self, path: Path, kind: type[Kept], again: str) -> Kept | None:
        try:
            with path.open(encoding="utf-8") as file:
                _must_be_ours(path, 0o077, "be read by others of this machine", "600", file.fileno())
                return kind.model_validate_json(file.read())
        except FileNotFoundError:
            return None
        except (ValidationError, UnicodeDecodeError):
            raise NotReady(f"{path} is not what crossreel wrote there.", how=again) from None  # its content is not for a message
        except OSError as e:
            raise NotReady(f"{path} can't be read: {e.strerror}.", how=again) from None

    def _write(self, path: Path, text: str) -> None:
        """Whole or not at all, and on the disk when it returns: an old refresh token is dead once there is a new one."""
        part = self._folder(path) / f".{path.name}.part"
        try:
            part.unlink(missing_ok=True)  # of a worker that was killed
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as e:
            raise Transient(f"{path} can't be written: {e.strerror}. Make room, or make the folder this user's.") from None


def _must_be_ours(path: Path, forbidden: int, what: str, mode: str, descriptor: int | None = None) -> None:
    if stat.S_IMODE(os.stat(path if descriptor is None else descriptor).st_mode) & forbidden:
        raise NotReady(f"{path} holds keys to a shop's account and may {what}.", how=f"Make it yours alone: chmod {mode} {path}")


class Environment:
    """Accounts in CROSSREEL_<PLATFORM>_<NAME>_ACCESS_TOKEN. One with a _REFRESH_TOKEN is renewed as any; as nobody can write to the
    environment, what it became is kept in the vault for as long as the environment has the token that it began with."""

    def read(self, platform: str, name: str) -> Grant | None:
        if not (token := _variable(platform, name, "access_token")):
            return None
        given = Grant(
            access_token=SecretStr(token),
            refresh_token=SecretStr(_variable(platform, name, "refresh_token")),
            open_id=_variable(platform, name, "open_id"),
            scopes=tuple(re.findall(r"[^\s,]+", _variable(platform, name, "scopes"))),
        )
        return (Vault().read(platform, self._kept_as(platform, name)) if given.refreshable else None) or given

    def write(self, platform: str, name: str, grant: Grant) -> None:
        Vault().write(platform, self._kept_as(platform, name), grant)

    def lock(self, platform: str, name: str) -> AbstractContextManager[None]:
        return Vault().lock(platform, self._kept_as(platform, name))

    def app(self, platform: str) -> App | None:
        key, secret = (_variable(platform, part) for part in ("client_key", "client_secret"))
        return App(client_key=key, client_secret=SecretStr(secret), api=_variable(platform, "api")) if key and secret else None

    def again(self, platform: str, name: str) -> str:
        return f"Put a new one into {variable(platform, name, 'access_token')}, or unset it and `crossreel account add {platform} {name}`."

    @staticmethod
    def names(platforms: Iterable[str]) -> list[tuple[str, str]]:
        """The accounts that are there now, in small letters: the environment does not tell a - from a _."""
        end = "_ACCESS_TOKEN"
        keys = [(platform, key) for platform in platforms for key in sorted(os.environ) if key.startswith(variable(platform, ""))]
        found = ((platform, key[len(variable(platform, "")) : -len(end)]) for platform, key in keys if key.endswith(end))
        return [(platform, plain(name)) for platform, name in found if plain(name) not in ("", "app")]

    def _kept_as(self, platform: str, name: str) -> str:
        seed = "\n".join(_variable(platform, name, part) for part in ("access_token", "refresh_token"))
        return f"{name}~{hashlib.sha256(seed.encode()).hexdigest()[:16]}"  # no account's name has a ~


def variable(*parts: str) -> str:
    """The name of an environment variable: CROSSREEL_TIKTOK_SHOP_TH_ACCESS_TOKEN."""
    return "_".join(("CROSSREEL", *(re.sub(r"[^A-Z0-9]", "_", part.upper()) for part in parts)))


def _variable(*parts: str) -> str:
    return os.environ.get(variable(*parts), "").strip()
