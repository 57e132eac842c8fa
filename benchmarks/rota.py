"""Who is on call, how fast: `python -m benchmarks.rota [--quick]`. Prints its table; exits 1 where a limit is missed.

On a throw-away SQLite database, or the one that DATABASE_URL names. The stories are those that the pages call, database included. The
naive models stand beside them in the same run, in turn (A B A B), and have to answer the same: `shifts one by one` walks from the
rule's beginning, `hour by hour` asks for each hour of the ninety days, as simple products do.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter

NOW = datetime(2026, 11, 24, 1, 48, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "UTC")
LIMITS = {
    "on call now, 1,000 rotations (ms)": ("<", 50.0),
    "90 days of 50 rotations with overrides (ms)": ("<", 100.0),
    "now by arithmetic against shifts one by one (ratio)": (">", 50.0),
    "90 days by sweep against hour by hour (ratio)": (">", 15.0),
}


def prepare() -> None:
    """An empty database with 1,000 rotations: three lanes a team, four people each, some with layers, windows and covers."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.test")
    folder = tempfile.mkdtemp(prefix="standby-rota-")
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill()


def fill() -> None:
    from oncall.models import Layer, Override, Rotation, Team, Turn
    from portal.accounts.models import User

    people = User.objects.bulk_create(User(email=f"p{n}@example.org", name=f"Person {n}") for n in range(300))
    teams = Team.objects.bulk_create(Team(name=f"Team {n:03}", slug=f"team-{n}") for n in range(334))
    rotations = Rotation.objects.bulk_create(
        Rotation(
            team=teams[n // 3],
            lane=("primary", "secondary", "shadow")[n % 3],
            name=f"Rotation {n}",
            time_zone=ZONES[n % len(ZONES)],
            begins_on=(NOW - timedelta(days=700 + n % 60)).date(),
            lengths=("1w", "1d", "2w", "5d 2d")[n % 4],
        )
        for n in range(1000)
    )
    turns = [Turn(rotation=rotation, person=people[(n * 7 + place) % 300], order=place) for n, rotation in enumerate(rotations) for place in range(4)]
    layers = Layer.objects.bulk_create(
        Layer(rotation=rotation, name="Nights", time_zone="America/New_York", begins_on=rotation.begins_on, windows="Mon-Fri 22:00-06:00")
        for rotation in rotations[::10]
    )
    turns += [Turn(rotation=layer.rotation, layer=layer, person=people[n % 300], order=0) for n, layer in enumerate(layers)]
    Turn.objects.bulk_create(turns)
    Override.objects.bulk_create(
        Override(
            rotation=rotation,
            kind=("replace", "add", "remove")[n % 3],
            person=people[(n * 7) % 300],
            starts_at=NOW + timedelta(days=8 * (n % 11) - 1),
            ends_at=NOW + timedelta(days=8 * (n % 11) + 1),
        )
        for n, rotation in enumerate(rotations)
        for _ in range(2)
    )


def one_by_one(rules: list, at: datetime) -> list:  # type: ignore[type-arg]
    """Every shift from the first on, until one covers the moment."""
    from oncall.rotations import shift_number

    found = []
    for rule in rules:
        number = 0
        while (shift := shift_number(rule, number)).ends_at <= at:
            number += 1
        found.append(shift.person)
    return found


def hour_by_hour(loaded: list, start: datetime, hours: int) -> list:  # type: ignore[type-arg]
    """Who answers at each hour, asked one by one."""
    from oncall.schedule import answer_at

    found = []
    for one in loaded:
        for hour in range(hours):
            answer = answer_at(one.plan, start + timedelta(hours=hour))
            found.append(answer.people if answer else ())
    return found


def spread(spans: list, start: datetime, hours: int) -> list:  # type: ignore[type-arg]
    """The sweep's answers, read at each hour."""
    found = []
    for row in spans:
        place = 0
        for hour in range(hours):
            at = start + timedelta(hours=hour)
            while row[place].ends_at <= at:
                place += 1
            found.append(row[place].people)
    return found


def race(rounds: int, contestants: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of each contestant, taken in turn; one round to warm up."""
    took: dict[str, list[float]] = {name: [] for name in contestants}
    gc.freeze()  # what was prepared is not looked through again and again
    for turn in range(rounds + 1):
        for name, run in contestants.items():
            began = perf_counter()
            run()
            if turn:
                took[name].append((perf_counter() - began) * 1000)
    return took


def main() -> int:
    quick = "--quick" in sys.argv
    prepare()
    from oncall import rota, schedule
    from oncall.models import Rotation
    from oncall.rotations import turn_at

    rounds = 5 if quick else 25
    fifty = Rotation.objects.filter(pk__in=list(Rotation.objects.order_by("pk").values_list("pk", flat=True)[:50]))
    loaded = rota.load(NOW, NOW + timedelta(days=90), fifty)
    rules = [one.plan.layers[-1].rule for one in loaded]
    hours = 90 * 24
    end = NOW + timedelta(hours=hours)
    swept = [schedule.answers(one.plan, NOW, end) for one in loaded]

    assert len(rota.on_call_now(NOW)) == 1000
    assert one_by_one(rules, NOW) == [shift.person for rule in rules if (shift := turn_at(rule, NOW))], "arithmetic answers otherwise"
    assert spread(swept, NOW, hours) == hour_by_hour(loaded, NOW, hours), "the sweep answers otherwise"

    took = race(
        rounds,
        {
            "on call now, 1,000 rotations (ms)": lambda: rota.on_call_now(NOW),
            "90 days of 50 rotations with overrides (ms)": lambda: rota.coming(NOW, end, fifty),
            "50 now, by arithmetic": lambda: [turn_at(rule, NOW) for rule in rules],
            "50 now, shifts one by one": lambda: one_by_one(rules, NOW),
        },
    )
    took |= race(
        2 if quick else 5,
        {
            "90 days, by sweep": lambda: [schedule.answers(one.plan, NOW, end) for one in loaded],
            "90 days, hour by hour": lambda: hour_by_hour(loaded, NOW, hours),
        },
    )
    figures = {name: median(values) for name, values in took.items()}
    figures["now by arithmetic against shifts one by one (ratio)"] = figures["50 now, shifts one by one"] / figures["50 now, by arithmetic"]
    figures["90 days by sweep against hour by hour (ratio)"] = figures["90 days, hour by hour"] / figures["90 days, by sweep"]
    return report(figures, took)


def report(figures: dict[str, float], took: dict[str, list[float]]) -> int:
    from django.db import connection

    print(f"rota on {connection.vendor}; every sampled answer equal to the naive model's\n")
    print(f"{'':55} {'median':>9} {'p95':>9}  limit")
    missed = 0
    for name, value in figures.items():
        p95 = f"{quantiles(took[name], n=20)[-1]:9.2f}" if len(took.get(name, ())) > 1 else " " * 9
        sign, limit = LIMITS.get(name, ("", 0.0))
        bad = (sign == "<" and value >= limit) or (sign == ">" and value < limit)
        missed += bad
        print(f"{name:55} {value:9.2f} {p95}  {f'{sign} {limit:g}' if sign else ''}{'  MISSED' if bad else ''}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
