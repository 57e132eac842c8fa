"""`manage.py seed`: lay out the shipped content; existing rows stay as they are."""

from typing import Any

from django.core.management.base import BaseCommand

from portal import clock, seeding


class Command(BaseCommand):
    help = "Lay out the shipped content (runbooks, checklists, templates). Never changes what exists."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, made in seeding.seed(clock.now()).items():
            self.stdout.write(f"{name}: {made or 'nothing new'}")
