"""Celery: the doorbell's other end, and the whole beat schedule as one table."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")

app = Celery("standby")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_max_loop_interval = 1
app.conf.beat_schedule_filename = os.path.join(os.environ.get("PORTAL_BEAT_DIR", "/tmp"), "standby-beat")  # noqa: S108  (only a cache of last runs)

# task: seconds between two runs. Each is safe to run twice, so two beats do no harm.
EVERY = {
    "portal.dispatch": 15,
    "portal.pulse": 15,
    "portal.purge_tonight": 3600,
    "portal.forget_answers": 3600,
    "portal.audit": 15,
    "portal.probe": 60,
    "oncall.open_shift_checklists": 300,
    "oncall.hand_over": 60,
    "oncall.read_calendars": 900,
    "incidents.refresh_status_page": 60,
    "postmortems.remind": 900,
    "postmortems.follow": 60,
    "search.recount": 21_600,
    "runbooks.import_sources": 900,
    "runbooks.restate": 3600,
    "runbooks.check_rot": 86_400,
}
app.conf.beat_schedule = {name: {"task": name, "schedule": seconds, "options": {"expires": seconds}} for name, seconds in EVERY.items()}

_stop_pumps: list[Any] = []


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery leaves logging to Django's settings."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_init.connect
def start_pumps(**_: Any) -> None:
    """On `worker_init`, because `worker_ready` never comes while the broker is away."""
    from portal import pump

    app.conf.broker_transport_options = {"socket_timeout": 5, "socket_connect_timeout": 5}
    _stop_pumps.append(pump.start())


@worker_shutdown.connect
def stop_pumps(**_: Any) -> None:
    for stop in _stop_pumps:
        stop.set()
