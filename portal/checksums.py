"""What a database holds, as one count and one checksum for each table: equal numbers mean equal content."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Tables = dict[str, tuple[int, str]]  # name: (rows, checksum)
_MODULUS = 1 << 128
_OF_TABLE = """SELECT count(*),
COALESCE(sum(('x' || substr(h, 1, 15))::bit(60)::bigint), 0),
COALESCE(sum(('x' || substr(h, 17, 15))::bit(60)::bigint), 0)
FROM (SELECT md5(t::text) AS h FROM "{table}" AS t) AS hashed"""


def of_postgres(cursor: Any) -> Tables:
    """Every table of the schema `public`, as the cursor's transaction sees it. The order of rows does not matter."""
    found: Tables = {}
    cursor.execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL statement_timeout = 0; SET LOCAL extra_float_digits = 3")
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    for (table,) in cursor.fetchall():
        cursor.execute(_OF_TABLE.format(table=table.replace('"', '""')))
        rows, one, other = cursor.fetchone()
        found[table] = (rows, f"{int(one):x}-{int(other):x}")
    return found


def of_sqlite(path: Path) -> Tables:
    """Every table of the file, those of the full-text index among them. The order of rows does not matter."""
    found: Tables = {}
    link = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        link.text_factory = bytes  # what was stored, valid text or not
        names = link.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name").fetchall()
        for (raw,) in names:
            found[raw.decode()] = _of_rows(link.execute(f'SELECT * FROM "{raw.decode()}"'))  # noqa: S608  (a table's own name)
    finally:
        link.close()
    return found


def _of_rows(rows: Iterable[Any]) -> tuple[int, str]:
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest(), "big")
    return count, f"{total % _MODULUS:032x}"


def of_files(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below `folder`, by its path; empty where there is no such folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def differences(copied: Tables, restored: Tables) -> list[str]:
    """What is not equal, as sentences; an empty list means equal."""
    said = [f"the table {name} is missing" for name in sorted(set(copied) - set(restored))]
    said += [f"the table {name} was not in the copy" for name in sorted(set(restored) - set(copied))]
    for name in sorted(set(copied) & set(restored)):
        (rows, checksum), (rows_now, checksum_now) = copied[name], restored[name]
        if rows != rows_now:
            said.append(f"{name}: {rows} rows copied, {rows_now} restored")
        elif checksum != checksum_now:
            said.append(f"{name}: as many rows, other content")
    return said
