"""`manage.py create_token NAME --role R`: the secret stands alone on the last line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import clock
from portal.accounts.models import ApiToken
from portal.accounts.roles import Role
from portal.accounts.tokens import create_token
from portal.errors import DomainError
from portal.settings.environment import parse_duration


class Command(BaseCommand):
    help = "Make an API token. Its secret is printed once, alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--read-only", action="store_true", help="the token may only read")
        parser.add_argument("--expires-in", metavar="30d", help="a duration such as 12h or 30d; without it the token does not expire")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            expires_at = now + parse_duration(options["expires_in"]) if options["expires_in"] else None
            scope = ApiToken.Scope.READ if options["read_only"] else ApiToken.Scope.WRITE
            token, secret = create_token(options["name"], role=Role(options["role"]), at=now, scope=scope, expires_at=expires_at)
        except (DomainError, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Token “{token.name}”, role {token.user.role}, {token.get_scope_display().lower()}. It is shown only now:")
        self.stdout.write(secret)
