"""What allauth asks of an identity provider, through the one guarded way out instead of a client of its own."""

from __future__ import annotations

import base64
import json as jsonlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from portal import outbound

TIMEOUT = 8.0  # seconds


class Answer:
    """What allauth reads of a response."""

    def __init__(self, answer: outbound.Answer) -> None:
        self.status_code, self.content, self.headers = answer.status, answer.body, {"content-type": "", **answer.headers}

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        try:
            return jsonlib.loads(self.content)
        except ValueError as bad:
            raise OAuth2Error("The provider's answer is not JSON.") from bad

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise OAuth2Error(f"The provider answered {self.status_code}.")


class Session:
    """In the place of a `requests` session: the same calls, through the one guarded way out."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", url, headers=headers)

    def request(self, method: str, url: str, *, params: Any = None, data: Any = None, headers: Any = None, auth: Any = None) -> Answer:
        """Raises: OAuth2Error, for whatever keeps the provider from answering."""
        sent = {"Accept": "application/json", **(headers or {})}
        if auth is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        content = None
        if data is not None:
            content = urlencode(data).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return Answer(
                outbound.fetch(method, f"{url}?{urlencode(params)}" if params else url, kind="named", headers=sent, content=content, timeout=TIMEOUT)
            )
        except outbound.Unreachable as trouble:
            raise OAuth2Error(f"The provider is not reachable ({trouble.reason}).") from trouble
