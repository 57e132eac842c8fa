"""Does this code know the database's schema?"""

from __future__ import annotations

from django.db import connection
from django.db.migrations.loader import MigrationLoader


def unknown_migrations() -> set[tuple[str, str]]:
    """Migrations applied to the database that this code does not have: an update is under way."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations or {})
    ours = {app for app, _ in known}
    return {(app, name) for app, name in loader.applied_migrations if app in ours and (app, name) not in known}


def missing_migrations() -> set[tuple[str, str]]:
    """Migrations of this code that the database still lacks."""
    loader = MigrationLoader(connection)
    return set(loader.disk_migrations or {}) - set(loader.applied_migrations)


def is_newer_than_code() -> bool:
    return bool(unknown_migrations())
