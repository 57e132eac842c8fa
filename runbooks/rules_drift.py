"""What a running Prometheus has loaded beside the rules as they ship: new, gone, changed. Links and words are meant to be edited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from runbooks.rules_lint import Rule

SHIPPED = Path(settings.BASE_DIR) / "deploy/prometheus/agent.rules.yml"
NAMED = 5  # new rules in one sentence
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_PIECES = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|((?<![\w.])\d+\.\d+(?![\w.]))|\s+""")
Difference = tuple[str, "Rule", str]  # code, the rule it is about, a sentence


def differences(shipped: Sequence[Rule], loaded: Sequence[Rule]) -> Iterator[Difference]:
    """One for each shipped rule that is gone or changed, one for all that are new; one in all if none of them is loaded."""
    known = {rule.alert for rule in shipped}
    by_name: dict[str, list[Rule]] = {}
    for rule in loaded:
        by_name.setdefault(rule.alert, []).append(rule)
    if not known & by_name.keys():
        yield from [("gone", shipped[0], f"and the other {len(shipped) - 1} shipped rules are not loaded there")] if shipped else []
        return
    for rule in shipped:
        if rule.alert not in by_name:
            yield "gone", rule, "is shipped and not loaded there"
        elif all(_changes(rule, other) for other in by_name[rule.alert]):
            yield "changed", rule, "; ".join(_changes(rule, by_name[rule.alert][0]))
    new = [rules[0] for name, rules in by_name.items() if name not in known]
    if new:
        names = ", ".join(rule.alert for rule in new[:NAMED]) + (f" and {len(new) - NAMED} more" if len(new) > NAMED else "")
        yield "new", new[0], f"loaded there and not among the shipped rules: {names}"


def _changes(shipped: Rule, loaded: Rule) -> list[str]:
    """Expression, `for` and severity, each with both sides."""
    found = []
    if plain(shipped.expr) != plain(loaded.expr):
        found.append(f"expr is “{_short(loaded.expr)}”, shipped “{_short(shipped.expr)}”")
    if seconds(shipped.lasts) != seconds(loaded.lasts):
        found.append(f"for is {loaded.lasts or '0s'}, shipped {shipped.lasts or '0s'}")
    if shipped.labels.get("severity") != loaded.labels.get("severity"):
        found.append(f"severity is {loaded.labels.get('severity') or 'missing'}, shipped {shipped.labels.get('severity') or 'missing'}")
    return found


def plain(expr: str) -> str:
    """An expression without spaces outside its strings and without the last zeros of numbers, since Prometheus prints `0.10` as `0.1`."""

    def piece(found: re.Match[str]) -> str:
        text, number = found[1], found[2]
        return text or (number.rstrip("0").rstrip(".") if number else "")

    return _PIECES.sub(piece, expr)


def seconds(text: str) -> float:
    """`1m30s` → 90; a bare number is seconds; nothing is 0."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    return sum(float(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", text))


def _short(expr: str) -> str:
    return " ".join(expr.split())[:160]
