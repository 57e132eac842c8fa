"""What an import did: every file with its outcome, every warning with its line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

OUTCOMES = ("imported", "updated", "renamed", "unchanged", "conflict", "gone", "image", "skipped", "failed")
KEPT = 2_000  # warnings and files that are stored with the source


@dataclass(frozen=True, slots=True)
class Warning_:
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(slots=True)
class Report:
    """files: path → (outcome, why). Each file of the source is in it exactly once, and so is each that went."""

    source: str
    commit: str = ""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    warnings: list[Warning_] = field(default_factory=list)
    seconds: float = 0.0

    def put(self, path: str, outcome: str, why: str = "") -> None:
        self.files[path] = (outcome, why)

    def warn(self, path: str, line: int, text: str) -> None:
        self.warnings.append(Warning_(path, line, text))

    def counts(self) -> dict[str, int]:
        found = Counter(outcome for outcome, _ in self.files.values())
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    def changed(self) -> int:
        return sum(count for outcome, count in self.counts().items() if outcome in {"imported", "updated", "renamed", "conflict", "gone"})

    def as_json(self) -> dict[str, Any]:
        shown = {path: list(said) for path, said in self.files.items() if said[0] not in {"unchanged"}}
        return {
            "source": self.source,
            "commit": self.commit,
            "counts": self.counts(),
            "files": dict(list(shown.items())[:KEPT]),
            "warnings": [{"path": w.path, "line": w.line, "text": w.text} for w in self.warnings[:KEPT]],
            "warnings_in_all": len(self.warnings),
        }
