"""Text for voices that read letters and drop every sign they were not trained on: each word in letters that they know."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from localize.errors import UserError
from localize.languages import Language, Token
from localize.voice.text import text_of

# How a language writes the sound of a letter that it does not have (Latin brand names have them).
SWAPS = {
    "vi": {"f": "ph", "j": "gi", "w": "qu", "z": "d"},
    "id": {"q": "k", "x": "ks", "v": "f", "z": "s"},
}
PAUSES = {",": 0.18, ".": 0.35, "?": 0.35, "!": 0.35}  # s: these voices know no punctuation
SHORTEST = 6  # letters; a voice says less than this badly when it stands alone

_LATIN = re.compile("[A-Za-zÀ-ÖØ-öø-ɏ]+(?:['’][A-Za-zÀ-ÖØ-öø-ɏ]+)*")


@dataclass(frozen=True)
class Clause:
    """What is said in one breath: letters that the voice knows, the span in them of each token, and the silence after, in seconds."""

    letters: str
    spans: tuple[tuple[int, int], ...]
    pause: float


def clauses(tokens: Sequence[Token], language: Language, known: Collection[str], voice: str) -> list[Clause]:
    """A Line as clauses, each with one span for each of its tokens, in the Line's order.

    `known` are the signs of the voice's vocabulary. Raises UserError for a token that is said, of which no letter is known.
    """
    spelled = [dataclasses.replace(token, say=_spelled(token, language, known, voice)) for token in tokens]
    out, start, letters = [], 0, 0
    for i, token in enumerate(spelled):
        letters += len(token.say)
        last = i == len(spelled) - 1
        if last or (token.pause in PAUSES and letters >= SHORTEST and any(t.say for t in spelled[i + 1 :])):
            out.append(_clause(spelled[start : i + 1], language, known, 0.0 if last else PAUSES[token.pause]))
            start, letters = i + 1, 0
    return out


def _clause(tokens: Sequence[Token], language: Language, known: Collection[str], pause: float) -> Clause:
    """Only the signs that are known, without spaces at the ends or beside each other."""
    text, spans = text_of(tokens, language)
    kept, at = "", []  # at[i]: how many signs are kept of the first i
    for sign in text:
        at.append(len(kept))
        # The text's letters are whole ones again, also where the voice knows letters and tone marks apart.
        kept += "".join(part for part in _in(sign, {}, known) if part in known and not (part == " " and kept[-1:] in ("", " ")))
    at.append(len(kept))
    kept = kept.rstrip()
    return Clause(kept, tuple((min(at[a], len(kept)), min(at[b], len(kept))) for a, b in spans), pause)


def _spelled(token: Token, language: Language, known: Collection[str], voice: str) -> str:
    say = unicodedata.normalize("NFC", token.say)
    if language.code == "th" and _LATIN.search(say):
        from localize.languages.thai_loans import spelled  # its rules are read only where Thai is spoken

        say = _LATIN.sub(lambda word: spelled(word[0]), say)
    out = "".join(_in(sign, SWAPS.get(language.code, {}), known) for sign in say.lower())
    if any(sign.isalnum() for sign in token.say) and not any(sign.isalnum() for sign in out):
        raise UserError(
            f"the voice {voice!r} can't say {token.text!r} in {language.name}: it knows none of its letters. "
            f"Write it in {language.name} in the text or in the pronunciation lexicon, or take another voice."
        )
    return out


def _in(sign: str, swaps: dict[str, str], known: Collection[str]) -> str:
    """A sign as the voice knows it: itself, another spelling, or its parts; "" if it does not know it, signs of pauses apart."""
    if sign in known or sign == " ":
        return sign
    if (swap := swaps.get(sign)) and all(letter in known for letter in swap):
        return swap
    return "".join(part for part in unicodedata.normalize("NFKD", sign) if part in known)
