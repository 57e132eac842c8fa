"""Which rule decides about an alert, and what it says: rows of `AlertRule`, first match wins (alerts.md section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from incidents.models import AlertRule, Source
from oncall.models import Service
from portal.errors import Invalid

KEY_LABELS = ("service", "alertname")
TEST_LABEL = "standby_test"  # of an alert that only proves the way from Alertmanager to here
REOPENS_WITHIN = timedelta(minutes=30)  # of being resolved; later it is a new incident that happened before


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an alert. severity and service: None where its labels say. rule: the name of the rule, "" for the shipped way."""

    key_labels: tuple[str, ...] = KEY_LABELS
    action: str = AlertRule.Action.OPEN
    severity: int | None = None
    service: Service | None = None
    reopens_within: timedelta = REOPENS_WITHIN
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    pattern: str
    wanted: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        return glob(self.pattern, labels.get(self.label, "")) is self.wanted


class Book:
    """The rules of one source, in their order."""

    def __init__(self, rules: Iterable[AlertRule], key_labels: tuple[str, ...]) -> None:
        self.without_rule = Decision(key_labels=key_labels)
        self.rules = [(matchers(rule.matchers), _decision(rule, key_labels)) for rule in rules]

    def decide(self, labels: Mapping[str, str]) -> Decision:
        if TEST_LABEL in labels:
            return Decision(action=AlertRule.Action.RECORD, rule="test alert")
        return next((found for wanted, found in self.rules if all(matcher.holds(labels) for matcher in wanted)), self.without_rule)


def book_of(source: Source) -> Book:
    """The rules in force for `source`. 1 query."""
    rules = AlertRule.objects.filter(Q(source=source) | Q(source=None), is_enabled=True).select_related("service__team")
    return Book(rules, label_names(source.key_labels) or KEY_LABELS)


def matchers(text: str) -> list[Matcher]:
    """One matcher a line. Raises: Invalid, a line that is none."""
    return [_matcher(line) for line in text.splitlines() if line.strip()]


def label_names(text: str) -> tuple[str, ...]:
    """`service, alertname` → ("service", "alertname")."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def glob(pattern: str, text: str) -> bool:
    """Is `text` all of `pattern`, where * stands for any text? Linear: the pieces are looked for from left to right."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _matcher(line: str) -> Matcher:
    label, equals, value = line.strip().partition("=")
    wanted = not label.endswith("!")
    label = label.rstrip("!").strip()
    if not equals or not label:
        raise Invalid(f"“{line.strip()[:80]}” is no matcher. Write label=value or label!=value, one a line.")
    return Matcher(label, value.strip().strip('"'), wanted)


def _decision(rule: AlertRule, key_labels: tuple[str, ...]) -> Decision:
    return Decision(
        key_labels=label_names(rule.key_labels) or key_labels,
        action=rule.action,
        severity=rule.severity,
        service=rule.service,
        reopens_within=REOPENS_WITHIN if rule.reopens_within is None else rule.reopens_within,
        rule=rule.name,
    )
