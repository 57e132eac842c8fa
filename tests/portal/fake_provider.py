"""A FAKE identity provider: a small OpenID Connect server of our own with real signatures, for no real one can be had in a test.

It speaks discovery, authorisation code with PKCE, token, userinfo and JWKS on a free port of loopback. `claims` is who signs in; `lie`
makes it answer with a token that must not be believed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "standby", "a secret: with a colon"
KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class FakeProvider:
    def __init__(self) -> None:
        self.claims = {"sub": "ana-1", "email": "ana@example.org", "email_verified": True, "name": "Ana Ruiz", "groups": []}
        self.lie = ""
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.answer(self, {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_):
                return None

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, sent) -> None:
        path = urlsplit(request.path).path
        self.asked.append(path)
        if self.lie == "down":
            return self._say(request, {"error": "down"}, 500)
        if path == "/authorize":
            code = secrets.token_hex(8)
            self.codes[code] = sent
            request.send_response(302)
            request.send_header("Location", f"{sent['redirect_uri']}?{urlencode({'code': code, 'state': sent['state']})}")
            return request.end_headers()
        answers = {"/.well-known/openid-configuration": self._configuration, "/token": self._token, "/userinfo": self._userinfo, "/keys": self._keys}
        return self._say(request, *answers[path](request, sent))

    def _say(self, request, body, status=200) -> None:
        raw = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)

    def _configuration(self, request, sent):
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo", "jwks_uri": "keys"}
        methods = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
        return ({"issuer": self.url} | {name: f"{self.url}/{path}" for name, path in names.items()} | methods,)

    def _keys(self, request, sent):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        return ({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]},)

    def _token(self, request, sent):
        asked = self.codes.pop(sent.get("code", ""), None)
        known = request.headers.get("Authorization") == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        proof = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if not asked or not known or asked["code_challenge"] != proof or asked["redirect_uri"] != sent["redirect_uri"]:
            return {"error": "invalid_grant"}, 400
        answer = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "id_token": self._signed()}
        return ({name: value for name, value in answer.items() if not (self.lie == "no token" and name == "id_token")},)

    def _userinfo(self, request, sent):
        return ({**self.claims, **({"sub": "somebody-else"} if self.lie == "other person" else {})},)

    def _signed(self) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        claims |= {"other audience": {"aud": "another"}, "expired": {"exp": now - 600}, "other issuer": {"iss": "https://evil.example"}}.get(
            self.lie, {}
        )
        if self.lie == "unsigned":
            return jwt.encode(claims, None, algorithm="none", headers={"kid": "one"})
        if self.lie == "shared secret":
            return jwt.encode(claims, SECRET * 2, algorithm="HS256", headers={"kid": "one"})
        key = OTHER_KEY if self.lie == "other key" else KEY
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "unknown" if self.lie == "unknown key" else "one"})
