"""Doctor says what is not well and how to repair it, whatever else is broken."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from portal import doctor, due, heartbeat, house
from portal.accounts.roles import Role
from portal.doctor import Check, Level, amber, green, red
from portal.models import Due
from portal.shelves import Shelf
from tests.conftest import person


@pytest.fixture
def checks(monkeypatch):
    """An empty shelf in place of the real one."""
    shelf = Shelf("doctor checks")
    monkeypatch.setattr(doctor, "CHECKS", shelf)
    return shelf


def said(name: str, now) -> list[tuple[str, str]]:
    return [(result.level, result.says) for result in doctor.examine(now) if result.name == name]


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out, no_color=True)
    except SystemExit as end:
        return int(end.code), out.getvalue()
    return 0, out.getvalue()


def test_a_finding_that_is_not_green_must_name_its_fix():
    with pytest.raises(ValueError, match="names its fix"):
        red("The cellar is under water.", "")


def test_amber_passes_unless_asked_strictly_and_red_fails(checks):
    checks.put("roof", Check(lambda now: amber("A tile is loose.", "Nail it.")))
    assert [run()[0], run("--strict")[0]] == [0, 1]

    checks.put("cellar", Check(lambda now: red("Water.", "Pump.")))
    code, out = run()

    assert code == 1
    assert "red    cellar  Water." in out
    assert "→ Pump." in out
    assert out.endswith("1 red, 1 amber, 0 green\n")


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(checks, noon):
    def broken(now):
        raise RuntimeError("a bug")

    def refused(now):
        raise DatabaseError("gone")

    checks.put("broken", Check(broken))
    checks.put("refused", Check(refused))
    checks.put("roof", Check(lambda now: green("Dry.")))

    found = doctor.examine(noon)

    assert [(result.name, result.level) for result in found] == [("broken", Level.RED), ("refused", Level.RED), ("roof", Level.GREEN)]
    assert all(result.fix for result in found if result.level != Level.GREEN)


def test_machines_get_json_and_may_ask_for_one_kind(checks):
    checks.put("roof", Check(lambda now: green("Dry.")))
    checks.put("bell", Check(lambda now: green("Rings."), about="paging"))

    code, out = run("--json", "--about", "paging")

    assert json.loads(out) == [{"name": "bell", "about": "paging", "level": "green", "says": "Rings.", "fix": ""}]
    assert code == 0


@pytest.mark.django_db
def test_every_check_of_the_product_answers_and_names_its_fix(noon):
    results = doctor.examine(noon)

    assert {"database", "schema", "workers", "queue", "mail"} <= {result.name for result in results}
    assert [result for result in results if "broke while" in result.says or "could not be asked" in result.says] == []
    assert [result for result in results if result.level != Level.GREEN and not result.fix] == []


@pytest.mark.django_db
def test_without_a_worker_nobody_is_paged(noon):
    assert said("workers", noon) == [(Level.RED, "No worker looks for due rows (none was seen in a day): nobody is paged.")]

    heartbeat.pulse("worker@one")

    assert said("workers", noon) == [(Level.GREEN, "At work: worker@one.")]


@pytest.mark.django_db
def test_a_late_queue_and_rows_set_aside_are_red(noon):
    due.put("notify.send", "1", at=noon - timedelta(minutes=5))
    due.put("notify.send", "2", at=noon)
    Due.objects.filter(key="2").update(set_aside=True)

    assert said("queue", noon) == [
        (Level.RED, "Rows set aside because they killed their worker five times: 1."),
        (Level.RED, "The oldest due row is 300 s late."),
    ]


@pytest.mark.django_db
def test_an_installation_needs_an_administrator_who_is_a_person(noon):
    assert said("administrators", noon)[0][0] == Level.RED

    first = person("First", Role.ADMIN)
    first.email = "admin@standby.local"
    first.save()
    assert said("administrators", noon)[0][0] == Level.AMBER

    person("Ada", Role.ADMIN)
    assert said("administrators", noon) == [(Level.GREEN, "Administrators: 2.")]


def test_an_address_that_a_phone_cannot_open_is_amber(settings, noon):
    for url, level in {"http://localhost:8000": "amber", "http://standby.example.org": "amber", "https://standby.example.org": "green"}.items():
        settings.BASE_URL = url
        assert house.address(noon).level == level


def test_a_database_on_a_network_share_is_seen(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda1 / ext4 rw 0 0\nfiler:/x /srv/share nfs4 rw 0 0\n/dev/sdb1 /srv/share/local ext4 rw 0 0\n")

    assert house.share_under(Path("/srv/share/standby.sqlite3"), mounts) == "nfs4"
    assert house.share_under(Path("/srv/share/local/standby.sqlite3"), mounts) == ""
    assert house.share_under(Path("/var/standby.sqlite3"), mounts) == ""


def test_a_moved_clock_is_amber(settings, noon, db):
    settings.CLOCK_OFFSET = timedelta(days=8)

    assert said("clocks", noon)[0] == (Level.AMBER, "The clock is moved by 8 days, 0:00:00, for a rehearsal.")
