"""The single-machine default: Celery worker threads and beat in one process, no broker between processes.

Beat is a thread here: `worker -B` starts it as a child process, whose in-memory broker is another one, and its tasks never arrive.
Rows are found by the pumps, which start with any worker.
"""

from __future__ import annotations

import warnings
from typing import Any

from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutdown

from portal.celery import app

_beat: list[Any] = []


@worker_ready.connect
def start_beat(**_: Any) -> None:
    service = EmbeddedService(app, thread=True)
    service.start()
    _beat.append(service)


@worker_shutdown.connect
def stop_beat(**_: Any) -> None:
    for service in _beat:
        service.stop()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    warnings.simplefilter("ignore", SecurityWarning)  # as root in a container or on a trial machine: our tasks are our own
    app.worker_main(["--quiet", "worker", "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"])


if __name__ == "__main__":
    import django

    django.setup()
    main()
