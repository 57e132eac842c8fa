"""What the import linter cannot see: relations named by a string, task names, the clock, missing migrations."""

from __future__ import annotations

import ast
import re
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from tests.conftest import REPOSITORY_ROOT

CHAIN = ["portal", "oncall", "runbooks", "incidents", "postmortems"]
EDGES = {"views", "api", "admin", "tasks", "urls", "forms"}


def sources(*packages: str) -> list[Path]:
    found = (path for package in packages for path in (REPOSITORY_ROOT / package).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def package_of(model) -> str:
    return model.__module__.partition(".")[0]


def test_relations_point_to_the_left_or_stay():
    wrong = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        if package_of(model) in CHAIN
        for field in model._meta.get_fields()
        if not field.auto_created and field.is_relation and field.related_model and package_of(field.related_model) in CHAIN
        if CHAIN.index(package_of(field.related_model)) > CHAIN.index(package_of(model))
    ]

    assert wrong == []


def test_every_scheduled_task_exists():
    from portal.celery import app

    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)


@pytest.mark.parametrize("path", sources(*CHAIN), ids=lambda path: str(path.relative_to(REPOSITORY_ROOT)))
def test_stories_read_no_clock_and_import_no_edge(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    edge = path.stem.rpartition("_")[2] in EDGES or "commands" in path.parts
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert not names & {"utcnow", "today"} or path.name == "clock.py"
    if edge or path.stem in {"apps"}:
        return
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [m for m in modules if m.split(".")[0] in CHAIN and m.split(".")[-1] in EDGES] == []


def test_no_text_is_marked_safe_outside_its_two_rooms():
    rooms = {"portal/markdown", "portal/search/snippets.py", "portal/web/templatetags"}
    guilty = [
        str(path.relative_to(REPOSITORY_ROOT))
        for path in sources(*CHAIN)
        if "mark_safe" in path.read_text(encoding="utf-8") and not any(str(path.relative_to(REPOSITORY_ROOT)).startswith(room) for room in rooms)
    ]

    assert guilty == []


def chain_of_calls(node):
    """`a.b().c()` → {"b", "c"}."""
    names = set()
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        names.add(node.func.attr)
        node = node.func.value
    return names


def test_no_row_is_locked_and_joined_in_one_query():
    """See portal/locking.py: what such a query joins may be older than the row."""
    guilty = [
        f"{path.relative_to(REPOSITORY_ROOT)}:{node.lineno}"
        for path in sources(*CHAIN)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and chain_of_calls(node) >= {"select_for_update", "select_related"}
        if path.name != "locking.py"
    ]

    assert guilty == []


def test_the_locks_name_no_place():
    for lock in ("run.txt", "dev.txt"):
        text = (REPOSITORY_ROOT / "requirements" / lock).read_text()
        assert "://" not in text
        assert not re.search(r"(?m)^(docker|debugpy)==", text)
