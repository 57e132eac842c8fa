"""`manage.py break_glass EMAIL`: make, or make usable again, a local administrator for the night single sign-on is down."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from portal.accounts import break_glass


class Command(BaseCommand):
    help = "Make a break-glass administrator, or give one that exists a new password and no second factor. The password is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user, password = break_glass.make(options["email"], time_zone=settings.DEFAULT_TEAM_TIME_ZONE)
        self.stderr.write(f"{user.email} signs in by password even where only single sign-on is allowed. Keep the password sealed:")
        self.stdout.write(password)
