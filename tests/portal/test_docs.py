"""What the documents name exists, and what exists is named."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands
from django.utils import timezone

from portal import metrics
from tests.conftest import REPOSITORY_ROOT

PACKAGES = ("portal", "oncall", "runbooks", "incidents", "postmortems")
DOCS = sorted([REPOSITORY_ROOT / "README.md", REPOSITORY_ROOT / "CONTRIBUTING.md", *(REPOSITORY_ROOT / "docs").rglob("*.md")])
CONFIGURE = (REPOSITORY_ROOT / "docs/configure.md").read_text()


def test_every_variable_that_the_code_reads_is_documented_and_no_other():
    read = {"DJANGO_SETTINGS_MODULE"}
    for package in PACKAGES:
        for path in (REPOSITORY_ROOT / package).rglob("*.py"):
            read |= set(re.findall(r'"(PORTAL_[A-Z_]+|DATABASE_URL)"', path.read_text()))

    rows = [line.split("|")[1] for line in CONFIGURE.splitlines() if line.startswith("| `")]
    assert sorted({name for row in rows for name in re.findall(r"`([A-Z_]+)\*?`", row)}) == sorted(read)


def test_every_variable_of_the_compose_file_is_documented():
    compose = (REPOSITORY_ROOT / "docker-compose.yml").read_text()
    given = set(re.findall(r"^\s+(PORTAL_[A-Z_]+):", compose, re.M))

    assert sorted(given - set(re.findall(r"`([A-Z_]+)`", CONFIGURE))) == []


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(REPOSITORY_ROOT)))
def test_every_command_and_file_that_a_document_names_exists(document):
    text = document.read_text()
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    assert sorted(commands - set(get_commands())) == []
    assert [link for link in links if link and not (document.parent / link).exists()] == []


@pytest.mark.django_db
def test_every_metric_that_is_documented_is_exposed():
    exposed = set(re.findall(r"^# TYPE (\w+) ", metrics.exposition(timezone.now()).decode(), re.M))
    documented = set(re.findall(r"(standby_\w+)", (REPOSITORY_ROOT / "docs/monitor.md").read_text()))

    assert sorted(documented - exposed) == []
