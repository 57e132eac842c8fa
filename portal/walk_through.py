"""Draw a few pages of whatever DATABASE_URL names, and say what came: `python -m portal.walk_through` prints one line of JSON.

A restore drill runs it on the copy. It draws the first page and the newest page of each kind that search knows: a runbook, an
incident, a postmortem. The first thing it does is to switch sending off there.
"""

from __future__ import annotations

import json
from typing import Any


def walk() -> dict[str, Any]:
    """{"newest_at", "pages": {address: bytes}, "problems": [sentences]}."""
    from django.test import Client

    from portal import clock, schema, sending
    from portal.accounts.models import User
    from portal.accounts.roles import Role
    from portal.models import Entry

    sending.switch_off("A restore drill looks at this copy", at=clock.now())
    pages: dict[str, int] = {}
    problems = [f"the copy lacks {len(missing)} migrations of this version"] if (missing := schema.missing_migrations()) else []
    newest = Entry.objects.order_by("-recorded_at").values_list("recorded_at", flat=True).first()
    reader = User.objects.create_user("restore-drill@standby.invalid", name="Restore drill", role=Role.ADMIN)  # in the copy only
    client = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
    client.force_login(reader)
    for address in ["/", *newest_pages()]:
        answer = client.get(address, secure=True)
        if answer.status_code == 200:
            pages[address] = len(answer.content)
        else:
            problems.append(f"{address} answered {answer.status_code}")
    return {"newest_at": newest.isoformat() if newest else "", "pages": pages, "problems": problems}


def newest_pages() -> list[str]:
    """The address of the newest thing of each kind. 1 query a kind."""
    from portal.search.models import SearchDocument

    kinds = SearchDocument.objects.order_by("kind").values_list("kind", flat=True).distinct()
    newest = [SearchDocument.objects.filter(kind=kind).order_by("-at", "-pk").exclude(url="").values_list("url", flat=True).first() for kind in kinds]
    return [url.partition("#")[0] for url in newest if url]


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(walk()))  # noqa: T201  (its answer)
