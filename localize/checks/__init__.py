"""Checks: what must hold before a clip may be published. A finding of severity `block` stops it and says why."""

VERSION = "1"  # part of a check's key: raise it when a check is added or judges otherwise
# Of the checks of words. A machine's text and a model's script are what these let pass: raised when that would be another.
WORDS_VERSION = "1"
