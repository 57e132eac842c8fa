"""How bad is it? The words and bands of each severity, and beside them the error rate as it is now (product.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from incidents.models import SeverityLevel, Source
from incidents.models.incident import Severity
from portal import outbound
from portal.outbound import Unreachable

ERROR_RATE = "sum(rate(agent_errors_total[5m])) / sum(rate(agent_requests_total[5m]))"
SHIPPED = (
    (Severity.SEV1, "Complete outage, or more than 10 % of requests fail", 0.10, "At once, at any hour", "Acknowledge within 5 minutes"),
    (
        Severity.SEV2,
        "5 to 10 % of requests fail, or plainly degraded",
        0.05,
        "At once in business hours; outside: message now, page at opening time",
        "Acknowledge within 15 minutes",
    ),
    (Severity.SEV3, "Less than 5 % of requests fail, minor", 0.0, "Message to the team", "When there is time today"),
    (Severity.SEV4, "Cosmetic, or a question", None, "Nobody; it is listed", ""),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """value: share of failed requests. suggests: the severity of its band. Without a value `why` says what is missing."""

    value: float | None
    suggests: int | None = None
    why: str = ""


def levels() -> list[SeverityLevel]:
    """The policy as rows, worst first; the shipped one where there is none. 1 query."""
    return list(SeverityLevel.objects.all()) or [_level(*row) for row in SHIPPED]


def band(rate: float, of: list[SeverityLevel]) -> int | None:
    """The severity in whose band a rate lies: the worst whose bound it exceeds. Exactly 10 % is not above 10 %; nothing fails: none."""
    exceeded = [level.severity for level in of if level.error_rate_above is not None and rate > level.error_rate_above]
    return min(exceeded) if exceeded else None


def rate_now(of: list[SeverityLevel]) -> Rate | None:
    """The live error rate from the first Prometheus that a source names; None where none does. One request of at most 3 s."""
    address = Source.objects.filter(is_enabled=True).exclude(prometheus_url="").values_list("prometheus_url", flat=True).first()
    if address is None:
        return None
    try:
        found = outbound.fetch("GET", f"{address.rstrip('/')}/api/v1/query?query={quote(ERROR_RATE)}", kind="named", timeout=3).json()
        result = found["data"]["result"]
        value = float(result[0]["value"][1]) if result else float("nan")
    except Unreachable as trouble:
        return Rate(None, why=str(trouble))
    except (KeyError, TypeError, IndexError, ValueError):
        return Rate(None, why="Prometheus answered with something else than a rate.")
    if value != value:  # NaN: no traffic
        return Rate(None, why="No traffic, so no rate.")
    return Rate(value, band(value, of))


def lay_out(at: datetime) -> str:
    """The seed chapter: the shipped policy as rows, unless there are rows already."""
    if SeverityLevel.objects.exists():
        return ""
    return f"{len(SeverityLevel.objects.bulk_create([_level(*row) for row in SHIPPED]))} severity levels"


def _level(severity: int, means: str, above: float | None, paged: str, answer: str) -> SeverityLevel:
    return SeverityLevel(severity=severity, means=means, error_rate_above=above, paged=paged, answer_within=answer)
