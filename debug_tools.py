#!/usr/bin/env python
"""`python debug_tools.py stale-jobs --age 300` is `python manage.py diagnose stale-jobs --age 300`."""

import os
import sys


def arguments(given: list[str]) -> list[str]:
    return [given[0], "diagnose", *given[1:]]


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")
    execute_from_command_line(arguments(sys.argv))
