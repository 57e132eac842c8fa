"""Encrypt every stored secret with the first of PORTAL_ENCRYPTION_KEYS."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand

from portal import secrets


class Command(BaseCommand):
    help = "Encrypt every stored secret anew with the first of PORTAL_ENCRYPTION_KEYS. Exit 1: some could not be opened, and were left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new-key", action="store_true", help="Print a fresh key and do nothing else.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what is there.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        if options["dry_run"]:
            done, closed = sum(1 for _ in secrets.stored()), secrets.unreadable()
            self.stdout.write(f"{done} secrets are stored.")
        else:
            done, closed = secrets.rotate()
            self.stdout.write(f"{done} secrets are encrypted with the first key.")
        for secret in closed:
            self.stderr.write(f"{secret}: no key opens it. Put its key back into PORTAL_ENCRYPTION_KEYS, or enter the secret anew.")
        if closed:
            sys.exit(1)
