"""`manage.py create_source NAME`: where Alertmanager sends, and the token alone on the last line."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug
from django.urls import reverse

from incidents.alerts import sources
from incidents.models import Source
from oncall.models import Service
from portal import clock
from portal.errors import DomainError


class Command(BaseCommand):
    help = "Make a source of alerts. Its token is printed once, alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="letters, digits, - and _; it stands in the URL")
        parser.add_argument("--rotate", action="store_true", help="a new token for a source that exists; the newest old one goes on working")
        parser.add_argument("--token-file", type=Path, help="also write the token there, readable by its owner and group only")
        parser.add_argument("--default-service", metavar="SLUG", help="the service of alerts that name none")

    def handle(self, *args: Any, **options: Any) -> None:
        now, name = clock.now(), options["name"]
        try:
            validate_slug(name)
            service = Service.objects.get(slug=options["default_service"]) if options["default_service"] else None
            if options["rotate"]:
                token = sources.new_token(Source.objects.get(name=name), at=now)
            else:
                _, token = sources.create(name, at=now, default_service=service)
        except Service.DoesNotExist as missing:
            raise CommandError(f"There is no service with the slug “{options['default_service']}”.") from missing
        except Source.DoesNotExist as missing:
            raise CommandError(f"There is no source called “{name}”.") from missing
        except (DomainError, ValidationError) as refusal:
            raise CommandError(" ".join(getattr(refusal, "messages", [str(refusal)]))) from refusal
        if path := options["token_file"]:
            path.touch(mode=0o640)
            path.write_text(token)
        url = settings.BASE_URL + reverse("hook-alertmanager", kwargs={"source": name})
        self.stdout.write(f"Source “{name}”. Alertmanager sends to {url}")
        self.stdout.write("with this token as Bearer (http_config.authorization.credentials_file). It is shown only now:")
        self.stdout.write(token)
