"""How bad an alert is: its label `severity` looked up in a table of rows (alerts.md section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from incidents.models import SeverityRule, Source
from incidents.models.incident import Severity

SHIPPED: tuple[tuple[Severity | None, tuple[str, ...]], ...] = (
    (Severity.SEV1, ("critical", "page", "emergency", "fatal", "p1")),
    (Severity.SEV2, ("warning", "warn", "high", "error", "p2")),
    (Severity.SEV3, ("info", "information", "notice", "low", "p3")),
    (None, ("none",)),
)
UNMAPPED = Severity.SEV3
WATCHDOG = "Watchdog"  # the alert that always fires; a heartbeat whatever its severity


@dataclass(frozen=True, slots=True)
class Verdict:
    """severity: None for a heartbeat. unmapped: the label that no rule knows, "missing" if there is none."""

    severity: int | None
    unmapped: str = ""


class Table:
    """The rules of one source, first match wins."""

    def __init__(self, rules: Iterable[tuple[str, int | None]]) -> None:
        self.by_label: dict[str, int | None] = {}
        for label, severity in rules:
            self.by_label.setdefault(label, severity)

    def judge(self, labels: dict[str, str]) -> Verdict:
        label = labels.get("severity", "").strip().lower()
        if labels.get("alertname") == WATCHDOG:
            return Verdict(None)
        if label in self.by_label:
            return Verdict(self.by_label[label])
        return Verdict(UNMAPPED, unmapped=(label or "missing")[:200])


def table_of(source: Source) -> Table:
    """The rules in force for `source`; without any row, the shipped ones. 1 query."""
    rows = list(SeverityRule.objects.filter(Q(source=source) | Q(source=None)).values_list("label", "severity"))
    return Table(rows or shipped())


def shipped() -> list[tuple[str, int | None]]:
    return [(label, severity) for severity, labels in SHIPPED for label in labels]


def lay_out(at: datetime) -> str:
    """The seed chapter: the shipped table as rows, unless there are rows already."""
    if SeverityRule.objects.exists():
        return ""
    rules = [SeverityRule(label=label, severity=severity, order=number) for number, (label, severity) in enumerate(shipped(), 1)]
    return f"{len(SeverityRule.objects.bulk_create(rules))} severity rules"
