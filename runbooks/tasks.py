"""What runbooks do by themselves."""

from celery import shared_task

from portal import clock
from runbooks import freshness, reminders, rot
from runbooks.importing import sources


@shared_task(name="runbooks.import_sources")
def import_sources() -> int:
    return len(sources.import_due(clock.now()))


@shared_task(name="runbooks.restate")
def restate() -> int:
    """Evidence that grew old, and the reminders that follow from it."""
    now = clock.now()
    return freshness.restate_all(now) + reminders.remind(now)


@shared_task(name="runbooks.check_rot")
def check_rot() -> int:
    return sum(rot.check(clock.now()).values())
