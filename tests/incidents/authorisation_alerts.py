"""Who may do what with alerts."""

from __future__ import annotations

from tests.authorisation import Row

NOBODY: frozenset[str] = frozenset()  # only the token of a source opens the hook; people and their tokens get 401

ROWS = [
    Row("hook-alertmanager", "POST", NOBODY, lambda world: {"source": "main"}),
    Row("hook-alertmanager-bare", "POST", NOBODY, lambda world: {"source": "main"}),
]
