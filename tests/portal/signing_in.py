"""What tests of the sign-in do: post the form, and read an authenticator app."""

from __future__ import annotations

import base64
import hmac
import struct
import time

PASSWORD = "correct horse battery"


def sign_in(client, email, password=PASSWORD, way="/accounts/login/"):
    return client.post(way, {"login": email, "password": password})


def code_of(secret: str, *, steps: int = 0) -> str:
    """The six digits of an authenticator app now, `steps` periods of 30 s later (RFC 6238, SHA-1)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    mac = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def prove_it_is_me(client):
    """What changes the second factor asks for the password once more."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def add_app(client) -> str:
    """Adds an authenticator app the way a person does; its secret."""
    prove_it_is_me(client)
    secret = client.get("/accounts/second-factor/app/add/").context["form"].secret
    assert client.post("/accounts/second-factor/app/add/", {"code": code_of(secret)}).status_code == 302
    return secret
