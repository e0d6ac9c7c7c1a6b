"""What programs have made of a cell on its way: a spreadsheet's errors and formulas, codes taken for numbers or dates, lost letters."""

from __future__ import annotations

import re

from localize.products.values import shown

_ERRORS = frozenset((
    "#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#BLOCKED!", "#FIELD!", "#ERROR!",
))  # fmt: skip
_FORMULA = re.compile(r"=\s*[A-Z][A-Z0-9_.]*\(.*\)\s*", re.IGNORECASE | re.DOTALL)
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}", re.IGNORECASE)
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(rf"\d{{1,2}}-(?:{_MONTH})|(?:{_MONTH})-\d{{2}}|20\d\d-\d\d-\d\d", re.IGNORECASE)
# UTF-8 that was read as Windows-1252: a first byte as a letter, the bytes after it as signs that stand inside no word.
_AFTER = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_TWO_BYTES = re.compile("[ÂÃ][\u00a1-\u00bf€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ]")  # quotes and dashes may follow a capital of Vietnamese
_MORE_BYTES = re.compile(f"[Ä-Ñ][{_AFTER}]|[à-ï][{_AFTER}]{{2}}|á[»º]")
_CHINESE = "锟斤拷"  # U+FFFD in UTF-8, read as GBK
_QUESTIONS = re.compile(r"\?{3,}|(?:\?\s*){3,}")


def instead(cell: str) -> str:
    """Why a cell is no text that somebody wrote, "" where it may be one."""
    if cell[:1] == "#" and cell.strip().upper() in _ERRORS:
        return f"{shown(cell)} is a spreadsheet's error: correct the cell's formula, or write the text"
    if cell[:1] == "=" and _FORMULA.fullmatch(cell):
        return f"{shown(cell)} is a formula, not what it gives: write the text, or have the spreadsheet save values"
    return ""


def reshaped(code: str) -> str:
    """What a spreadsheet has probably made of a SKU, "" where it looks as it was written."""
    if _SHORTENED.fullmatch(code):
        return f"the SKU {shown(code)} is a number a spreadsheet has shortened: format the column as text and write the code again"
    if _DATE.fullmatch(code):
        return f"the SKU {shown(code)} looks like a code a spreadsheet took for a date: format the column as text and write it again"
    return ""


def garbled(text: str) -> str:
    """Why the letters of a text are not those that were written, "" where they may be."""
    if text.isascii():
        lost = "??" in text and _QUESTIONS.search(text) and 3 * text.count("?") > len(text.replace(" ", ""))
    else:
        lost = "\ufffd" in text or _CHINESE in text or bool(_TWO_BYTES.search(text)) or len(_MORE_BYTES.findall(text)) > 1
    return f"letters of {shown(text)} were lost when the file was saved: export it again as CSV (UTF-8) or .xlsx" if lost else ""
