"""`/metrics` for Prometheus: counted from the database, so that it is true whatever number of processes runs.

Packages put their measures on a shelf; a measure yields families of prometheus-client with a fixed number of queries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal import clock
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.accounts.tokens import BearerToken
from portal.errors import NotAllowed
from portal.shelves import Shelf

logger = logging.getLogger(__name__)

MEASURES: Shelf[Callable[[datetime], Iterable[Metric]]] = Shelf("measures")


def gauge(name: str, says: str, values: Mapping[Any, float], labels: Iterable[str] = ()) -> Metric:
    """A family `standby_<name>` of present values by their labels; `{(): 3}` for one without labels."""
    return _filled(GaugeMetricFamily(f"standby_{name}", says, labels=list(labels)), values)


def counter(name: str, says: str, values: Mapping[Any, float], labels: Iterable[str] = ()) -> Metric:
    """A family `standby_<name>_total` of counts that only grow."""
    return _filled(CounterMetricFamily(f"standby_{name}", says, labels=list(labels)), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[Any, float]) -> Metric:
    for labels, value in values.items():
        family.add_metric(list(labels), value)
    return family


class _Everything(Collector):
    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        """A measure that breaks is missing and named; the others stand."""
        broken = {}
        for name, measure in MEASURES:
            try:
                found = list(measure(self.now))
            except DatabaseError:
                connection.close()
                found = []
            except Exception:
                logger.exception("measure broke", extra={"measure": name})
                found = []
            broken[(name,)] = 0.0 if found else 1.0
            yield from found
        yield gauge("measure_broken", "1 while a measure cannot be taken.", broken, ["measure"])


def exposition(now: datetime) -> bytes:
    """All measures in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything(now))
    return generate_latest(registry)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For a token (`Authorization: Bearer sb_…`, scope read is enough) or a signed-in administrator."""
    if not (_has_token(request) or _is_admin(request)):
        if isinstance(request.user, User):
            raise NotAllowed("Metrics are for administrators, and for a token that Prometheus holds.")
        return HttpResponse("Metrics need a token: Authorization: Bearer sb_…\n", status=401, headers={"WWW-Authenticate": 'Bearer realm="standby"'})
    return HttpResponse(exposition(clock.now()), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _has_token(request: HttpRequest) -> bool:
    try:
        return BearerToken().authenticate(cast(Request, request)) is not None  # it reads META only
    except AuthenticationFailed:
        return False


def _is_admin(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_active and request.user.role == Role.ADMIN
