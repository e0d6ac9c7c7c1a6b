"""Secrets in texts that people and files get to see: the values of the environment that are secret, and what addresses carry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

SHORTEST = 8  # letters of a secret: shorter ones would be found in words that are none

_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|WEBHOOK|AUTH_STRING|(?:^|_)KEY$|(?:API|ACCESS|PRIVATE)_?KEY|CONNECTION_URL", re.I
)
_QUERY = re.compile(r"(\w[\w+.-]*://[^\s\"'?#]*)\?[^\s\"']+")
_PASSWORD = re.compile(r"(\w[\w+.-]*://)[^\s\"'/?#]+@")  # to the last @: a password may have one
_WRITTEN = re.compile(r"\w[\w+.-]*://[^/?#\s:]*:([^/?#\s]+)@")
_LOGIN = re.compile(r"https?://([^/?#\s@:]+):?@", re.I)  # a user without a password is a token there, and nobody's name
# What a query's secrets are called: their names end so, or are these words.
_ENDS = ("token", "secret", "signature", "password", "passwd", "pwd", "api_?key", "access_?key")
_WORDS = ("key", "sig", "ssig", "sign", "auth", "credential")
_NAMED = re.compile(rf"(?:{'|'.join(_ENDS)})$|(?:^|[_-])(?:{'|'.join(_WORDS)})$", re.I)
_BEARER = re.compile(r"\b(Bearer|Basic) [\w.~+/=-]{8,}", re.I)

_told: dict[str, str] = {}  # other secrets: value -> the name of its variable


def remember(name: str, value: str) -> None:
    """The value of a variable is a secret, whatever the variable's name: it is named in its place from now on."""
    if len(value) >= SHORTEST:
        _told[value] = name


def written_out(address: str) -> str:
    """What secret an address holds for all to read, in words: "the password", "the secret `token`"; "" for none. `${NAME}` is filled
    elsewhere, and tells nothing."""
    if (login := _WRITTEN.match(address)) and "${" not in login[1]:
        return "the password"
    if (login := _LOGIN.match(address)) and "${" not in login[1]:
        return "the login"
    if "://" in address or address.startswith("${"):
        query = address.partition("?")[2].partition("#")[0]
        for name, value in parse_qsl(query):
            if "${" not in value and _NAMED.search(name):
                return f"the secret `{name}`"
    return ""


def _any_case(words: Iterable[str]) -> str:
    return "|".join("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word) for word in words)


# The same as a JSON schema's pattern, which fits what `written_out` tells of: a form that has it refuses such an address before it is kept.
PATTERN = (
    r"^\w[\w+.-]*://[^/?#\s:]*:(?![^/?#\s]*\$\{)[^/?#\s]+@"
    r"|^[Hh][Tt][Tt][Pp][Ss]?://(?![^/?#\s@:]*\$\{)[^/?#\s@:]+:?@"
    rf"|^[^?]*(?:://|^\$\{{)[^?]*\?(?:[^#]*&)?(?:[^=&#]*(?:{_any_case(_ENDS)})|(?:[^=&#]*[_-])?(?:{_any_case(_WORDS)}))"
    r"=(?![^&#]*\$\{)[^&#]"
)


def veiled(text: str) -> str:
    """The text with each secret value as the `${NAME}` it comes from, and addresses without passwords and queries."""
    known = {value: name for name, value in os.environ.items() if len(value) >= SHORTEST and _SECRET.search(name)} | _told
    for value in sorted(known, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, f"${{{known[value]}}}")
    return _BEARER.sub(r"\1 …", _PASSWORD.sub(r"\1…@", _QUERY.sub(r"\1?…", text)))
