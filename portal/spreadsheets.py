"""Tables as CSV that a spreadsheet opens without running anything (security.md section 4)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

RISKY = tuple("=+-@\t\r＝＋－＠")  # what makes a spreadsheet read a cell as a formula, also in full width


def cell(value: object) -> str:
    """Text of one cell; what could be a formula gets an apostrophe in front, NUL becomes a space."""
    text = "" if value is None else str(value).replace("\x00", " ")
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(RISKY) else text


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Every cell quoted, lines ended by CR LF (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def answer(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download `name`.csv; `name` is ours, never a person's text."""
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
