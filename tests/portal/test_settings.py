"""A wrong setting stops the start with a sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml

from tests.conftest import REPOSITORY_ROOT

GOOD = {
    "PORTAL_SECRET_KEY": "k3yk3yk3yzAbCdEfGh" * 4,
    "PORTAL_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtb24=",
    "DATABASE_URL": "postgres://standby@localhost/standby",
    "PORTAL_BROKER_URL": "redis://localhost:6379/0",
    "PORTAL_BASE_URL": "https://standby.example.org",
}


def start(module: str, tmp_path, **environment: str) -> str:
    """What the start says when it refuses; "" when it does not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_URL"))}
    environment = {**kept, "PORTAL_DATA_DIR": str(tmp_path), "PYTHONPATH": str(REPOSITORY_ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"PORTAL_PORT": "eight"}, "PORTAL_PORT must be a whole number from 1 to 65535, not 'eight'."),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must begin with postgres:// or postgresql:// or sqlite://."),
        ({"PORTAL_LOG_LEVEL": "LOUD"}, "PORTAL_LOG_LEVEL must be one of DEBUG, ERROR, INFO, WARNING, not 'LOUD'."),
        ({"PORTAL_CLOCK_OFFSET": "soon"}, "PORTAL_CLOCK_OFFSET: 'soon' is not a duration such as 90, 15m, 2h or 8d."),
        ({"PORTAL_OUTBOUND_PORTS": "8443,http"}, "PORTAL_OUTBOUND_PORTS must be whole numbers from 1 to 65535, parted by commas."),
        ({"PORTAL_ENCRYPTION_KEYS": "c2hvcnQ="}, "PORTAL_ENCRYPTION_KEYS: key 1 is not 32 bytes in base64."),
        ({"PORTAL_EMAIL_URL": "http://x"}, "PORTAL_EMAIL_URL must begin with"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_named(tmp_path, wrong, sentence):
    assert sentence in start("portal.settings.base", tmp_path, **wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"PORTAL_SECRET_KEY": ""}, "PORTAL_SECRET_KEY must be at least 50 random characters."),
        ({"PORTAL_SECRET_KEY": "a" * 60}, "PORTAL_SECRET_KEY must be at least 50 random characters."),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL must name a PostgreSQL database"),
        ({"PORTAL_BROKER_URL": "memory://"}, "PORTAL_BROKER_URL must begin with redis://"),
        ({"PORTAL_ENCRYPTION_KEYS": ""}, "PORTAL_ENCRYPTION_KEYS is not set."),
        ({"PORTAL_CLOCK_OFFSET": "8d"}, "PORTAL_CLOCK_OFFSET is for rehearsals and must not be set in production."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_production_insists(tmp_path, wrong, sentence):
    assert sentence in start("portal.settings.prod", tmp_path, **{**GOOD, **wrong})


def test_a_single_machine_needs_no_setting_and_keeps_its_secret_for_itself(tmp_path):
    assert start("portal.settings.base", tmp_path) == ""

    secret = tmp_path / "secret_key"
    assert secret.stat().st_mode & 0o077 == 0
    assert len(secret.read_text()) > 50


def test_commands_in_another_window_know_the_port_of_the_last_start(tmp_path):
    (tmp_path / "port").write_text("8123")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    environment = {**kept, "PORTAL_DATA_DIR": str(tmp_path), "PYTHONPATH": str(REPOSITORY_ROOT)}

    said = subprocess.run(
        [sys.executable, "-c", "from portal.settings import base; print(base.PORT, base.BASE_URL)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.split() == ["8123", "http://localhost:8123"]


def test_production_is_clean_for_djangos_own_deployment_check(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_URL", "DJANGO_"))}
    environment = {**kept, **GOOD, "PORTAL_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings.prod"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(command, env=environment, cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_compose_file_names_every_part_with_its_health_and_no_secret():
    compose = yaml.safe_load((REPOSITORY_ROOT / "docker-compose.yml").read_text())
    services = {name: service for name, service in compose["services"].items() if "profiles" not in service}  # the rest is for the demonstration

    of_the_product = {name for name, service in services.items() if "profiles" not in service}
    assert of_the_product == {"postgres", "redis", "prepare", "web", "worker", "beat"}
    assert services["worker"]["healthcheck"]["test"][-1] == "beating"
    assert services["web"]["environment"]["PORTAL_SECRET_KEY"].startswith("${PORTAL_SECRET_KEY:?")
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
