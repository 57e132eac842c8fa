"""Format stored Markdown again where another renderer did it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.markdown import rerender


class Command(BaseCommand):
    help = "Format stored Markdown again where it is out of date. Safe to run at any time, many times."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, text in rerender.texts:
            results = [result for _, result in rerender.again(text)]
            plain = sum(result.plain for result in results)
            self.stdout.write(f"{name}: {len(results)} formatted again, {plain} of them plain")
