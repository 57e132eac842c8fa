"""Analytics and the list of action items at the size of many years: 100,000 incidents, 300,000 items, 50,000 of them open.

    python -m benchmarks.insights [--quick] [--incidents N]

Starts a throw-away PostgreSQL, lays the rows out over five years, and times the page as a signed-in reader gets
it (middleware, session, templates; no network), by the clock on the wall. Beside it in the same run, turn about: one hand-written SQL
statement that answers the same eight pairs over the same incidents (percentile_cont over a pivot of the milestones), with the same
medians, which is checked. The limit holds for the page as it opens (the last year) and is shown for all years too.
Exits 1 where a limit is missed. `--quick`: a tenth of the rows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import timedelta

from benchmarks import databases

PAGE_LIMIT, LIST_LIMIT = 500.0, 200.0  # milliseconds
YEARS, ROUNDS, OPEN_SHARE = 5, 9, 6
RAW = """
with moments as (
  select i.id, m.name, max(m.at) as at
  from incidents_incident i join incidents_milestone m on m.incident_id = i.id
  where i.kind = 'incident' and i.status not in ('cancelled', 'merged') and i.opened_at >= %s and i.opened_at < %s
  group by i.id, m.name
), pivot as (
  select id,
    max(at) filter (where name = 'impact_started') as impact_started, max(at) filter (where name = 'detected') as detected,
    max(at) filter (where name = 'alerted') as alerted, max(at) filter (where name = 'acknowledged') as acknowledged,
    max(at) filter (where name = 'identified') as identified, max(at) filter (where name = 'mitigated') as mitigated,
    max(at) filter (where name = 'resolved') as resolved
  from moments group by id
), lengths as (
  select extract(epoch from detected - impact_started) as detect, extract(epoch from alerted - detected) as alert,
    extract(epoch from acknowledged - alerted) as acknowledge, extract(epoch from identified - acknowledged) as identify,
    extract(epoch from mitigated - impact_started) as mitigate, extract(epoch from resolved - mitigated) as watch,
    extract(epoch from resolved - impact_started) as duration, extract(epoch from p.published_at - resolved) as publish
  from pivot left join postmortems_postmortem p on p.incident_id = pivot.id
)
select count(*), %s from lengths
"""
PAIRS = ("detect", "alert", "acknowledge", "identify", "mitigate", "watch", "duration", "publish")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--incidents", type=int, default=0, help="how many instead of 100,000")
    given = parser.parse_args()
    if not databases.vendor():
        return databases.on_each("benchmarks.insights", sys.argv[1:], vendors=["postgresql"]).get("postgresql", 1)
    databases.set_up()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    return measure(given.incidents or (10_000 if given.quick else 100_000))


def measure(number: int) -> int:
    from django.db import connection
    from django.test import Client

    from portal import clock
    from postmortems import insights

    now = clock.now()
    began = time.perf_counter()
    reader = lay_out(number, now)
    print(f"{number:,} incidents, {number * 3:,} items laid out in {time.perf_counter() - began:.0f} s on {connection.vendor}\n")
    client = Client()
    client.force_login(reader)
    rows = []
    for name, address, days in (("analytics, the last year", "/analytics/", "365"), ("analytics, all five years", "/analytics/?days=all", "all")):
        begin = insights.since(days, now) or now - timedelta(days=366 * YEARS)
        page, raw = turn_about(lambda address=address: ok(client.get(address)), lambda begin=begin: hand_written(begin, now))
        check_same(insights.of(reader, "duration", days, now), hand_written(begin, now))
        rows.append((name, page, PAGE_LIMIT if days == "365" else None))
        rows.append(("  one hand-written SQL statement", raw, None))
        rows.append(("  ratio", page / raw, None))
    listed, filtered = turn_about(lambda: ok(client.get("/actions/")), lambda: ok(client.get("/actions/?state=overdue")))
    rows += [(f"action list, {number // 2:,} open", listed, LIST_LIMIT), ("  only the overdue ones", filtered, LIST_LIMIT)]
    missed = False
    for name, value, limit in rows:
        late = limit is not None and value > limit
        missed |= late
        unit = "" if name.strip() == "ratio" else " ms"
        print(f"    {name:36}{value:9.1f}{unit:4}{f'< {limit:.0f} ms' if limit else '':12}{'MISSED' if late else ''}".rstrip())
    return 1 if missed else 0


def ok(response):
    assert response.status_code == 200, response.status_code


def turn_about(one, other) -> tuple[float, float]:
    """Median milliseconds of each, taken in turn after one warm round."""
    one(), other()
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(ROUNDS):
        for which, act in enumerate((one, other)):
            began = time.perf_counter()
            act()
            times[which].append((time.perf_counter() - began) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def hand_written(begin, end):
    from django.db import connection

    figures = ", ".join(
        f"count({pair}) filter (where {pair} >= 0), percentile_cont(array[0.5, 0.9]) within group (order by {pair}) filter (where {pair} >= 0)"
        for pair in PAIRS
    )
    with connection.cursor() as cursor:
        cursor.execute(RAW.replace("count(*), %s", f"count(*), {figures}"), [begin, end])
        return cursor.fetchone()


def check_same(found, raw) -> None:
    """The page's n, medians and p90 are the statement's, to the second (the page counts whole seconds)."""
    for place, (_, figure) in enumerate(found.pairs):
        n, quantiles = raw[1 + 2 * place], raw[2 + 2 * place]
        assert figure.n == n, (place, figure.n, n)
        assert n == 0 or max(abs(float(quantiles[0]) - figure.median), abs(float(quantiles[1]) - figure.p90)) <= 1.0, (place, quantiles, figure)


def lay_out(number: int, now):
    """Incidents, milestones and postmortems of five years, three items each; a sixth of the items is open."""
    import random

    from incidents.models import Incident, Milestone
    from oncall.models import Service, Team
    from portal.accounts.models import User
    from postmortems.models import ActionItem, Postmortem

    chance = random.Random(20261124)  # noqa: S311  (a benchmark)
    reader = User.objects.create_user("mara@example.org", "x" * 20, name="Mara", role="admin")
    team = Team.objects.create(name="Bench", slug="bench")
    services = [Service.objects.create(name=f"service-{n:02}", slug=f"service-{n:02}", team=team) for n in range(30)]
    size = 5_000
    for first in range(0, number, size):
        incidents = []
        for _ in range(min(size, number - first)):
            opened = now - timedelta(seconds=chance.uniform(3 * 86_400, YEARS * 365 * 86_400))
            ended = opened + timedelta(seconds=chance.lognormvariate(7.8, 1))
            incidents.append(
                Incident(
                    title="Slow",
                    severity=chance.choice([1, 2, 2, 3, 3, 3, 4]),
                    service=chance.choice(services),
                    opened_at=opened,
                    status="closed",
                    resolved_at=ended,
                )  # fmt: skip
            )
        Incident.objects.bulk_create(incidents)
        milestones, postmortems = [], []
        for incident in incidents:
            at = incident.opened_at - timedelta(seconds=chance.lognormvariate(5, 1))
            step = (incident.resolved_at - at) / 6
            for place, name in enumerate(("impact_started", "detected", "alerted", "acknowledged", "identified", "mitigated", "resolved")):
                if chance.random() > 0.06:
                    moment = (at + step * place).replace(microsecond=0)
                    milestones.append(Milestone(incident=incident, name=name, at=moment, recorded_at=now))
            published = (incident.resolved_at + timedelta(hours=chance.lognormvariate(3.4, 0.6))).replace(microsecond=0)
            postmortems.append(
                Postmortem(
                    incident=incident,
                    title="Slow",
                    slug=f"p-{incident.pk}",
                    team=team,
                    status="published",
                    created_at=published,
                    published_at=published,
                )  # fmt: skip
            )
        Milestone.objects.bulk_create(milestones, batch_size=5_000)
        Postmortem.objects.bulk_create(postmortems, batch_size=5_000)
        items = []
        for postmortem in postmortems:
            for _ in range(3):
                created, is_open = postmortem.created_at, chance.random() < 1 / OPEN_SHARE
                finished = None if is_open else created + timedelta(days=chance.uniform(1, 90))
                items.append(
                    ActionItem(
                        postmortem=postmortem,
                        title="Improve",
                        owner=reader,
                        team=team,
                        due_on=(created + timedelta(days=56)).date(),
                        dated_at=created,
                        created_at=created,
                        next_reminder_at=now + timedelta(days=1) if is_open else None,
                        status="open" if is_open else "verified",
                        evidence="" if is_open else "seen",
                        finished_at=finished,
                    )  # fmt: skip
                )
        ActionItem.objects.bulk_create(items, batch_size=5_000)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return reader


if __name__ == "__main__":
    sys.exit(main())
