"""`manage.py second_factor_reset EMAIL`: for somebody who lost phone, passkeys and recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts import second_factor
from portal.accounts.models import User


class Command(BaseCommand):
    help = "Remove every second factor of a person; their password still counts, and an administrator's time of grace begins anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        self.stdout.write(f"{second_factor.reset(user)} removed from {user.email}.")
