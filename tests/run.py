"""The whole suite: once on SQLite, once on PostgreSQL. What `make test` runs; arguments go to pytest.

What is no matter of the database is left out of the second run. Proofs that take long are left to `make prove`.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests import laid_out, servers


def pytest(database: str, url: str, arguments: list[str]) -> int:
    print(f"\n=== {database} ===", flush=True)
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings.test"}
    if not url:
        environment.pop("DATABASE_URL")
    return subprocess.call([sys.executable, "-m", "pytest", "-n", "auto", *arguments], env=environment)


def main(arguments: list[str]) -> int:
    failed = pytest("SQLite", "", ["-m", "not slow", *arguments])
    try:
        with servers.postgres() as server:
            os.environ["TEST_DATABASE_TEMPLATE"] = laid_out.template(server)
            failed = pytest("PostgreSQL", server.url(), ["-m", "not looks and not once and not slow", *arguments]) or failed
    except servers.NotInstalled as reason:
        print(f"\nSKIPPED the whole run on PostgreSQL: {reason}", flush=True)
        if os.environ.get("CI"):
            failed = failed or 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
