"""The OpenAPI schema: what drf-spectacular finds, plus what every view of ours shares (headers, refusals, tokens)."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema_serializer, inline_serializer
from rest_framework import serializers

from portal.api.idempotency import HEADER

REFUSALS = {
    400: "The request cannot be used; `fields` says which parts.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "Your role does not allow that here.",
    404: "There is nothing here, or you may not see it.",
    406: "Only JSON is answered.",
    409: "The state does not allow that, or somebody was quicker.",
    412: "Somebody saved since the version in If-Match.",
    415: "Only JSON is read.",
    422: "The Idempotency-Key came before with another request.",
    428: "A change needs If-Match.",
    429: "Too many requests; wait as Retry-After says.",
    503: "A stored secret or a part of ours cannot be used now.",
}
ALWAYS = {400, 401, 403, 404, 406, 429}
BY_METHOD = {"GET": ALWAYS, "POST": ALWAYS | {409, 415, 422, 503}, "PUT": ALWAYS | {409, 412, 415, 428}, "DELETE": ALWAYS | {409, 412, 428}}
BY_METHOD["PATCH"] = BY_METHOD["PUT"]


class Refusal(serializers.Serializer[Any]):
    """How the API says no."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="A sentence for people, which names the fix.")
    fields = serializers.DictField(required=False, help_text="With code `invalid`: what is wrong, by field.")  # type: ignore[assignment]
    request_id = serializers.CharField(required=False)


class Documents(AutoSchema):
    """REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"]."""

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if self.method == "POST":
            found.append(OpenApiParameter(HEADER, str, "header", description="Makes the request act once, however often it is sent: a random UUID."))
        if self.method in {"PUT", "PATCH", "DELETE"}:
            found.append(OpenApiParameter("If-Match", str, "header", required=True, description="The ETag that you read."))
        return found

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        reference = self.resolve_serializer(Refusal, "response").ref
        for code in sorted(BY_METHOD.get(self.method, ALWAYS)):
            refusal = {"description": REFUSALS[code], "content": {"application/json": {"schema": reference}}}
            operation["responses"].setdefault(str(code), refusal)
        if getattr(self.view, "action", "") in {"retrieve", "create", "update", "partial_update"} and hasattr(self.view, "etag"):
            for code in {"200", "201"} & operation["responses"].keys():
                tag = {"description": "Repeat it in If-Match.", "schema": {"type": "string"}}
                operation["responses"][code].setdefault("headers", {})["ETag"] = tag
        return operation

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """A choice that was not made yet is answered as an empty text."""
        found = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        choices = found.get("enum", [""]) if direction == "response" and isinstance(found, dict) else [""]
        return found if "" in choices or not _may_be_blank(field) else {**found, "enum": [*choices, ""]}

    def get_tags(self) -> list[str]:
        """The noun: the first part of the address."""
        return [self.path.removeprefix("/api/").split("/")[0]]


class BearerTokens(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.accounts.tokens.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer sb_…`; a token has one role, and reads or writes."}


class KeptGenerator(SchemaGenerator):
    """Made once a process: the addresses do not change while it runs."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        return _schema()


@cache
def _schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def answer(name: str, **fields: Any) -> Any:
    """A schema for an answer that has no serializer of its own: one object, also where the action is called `list`."""
    made: Any = inline_serializer(name, fields)
    extend_schema_serializer(many=False)(type(made))
    return made


def without_narrow_formats(result: Any, **_: Any) -> Any:
    """A hook: our times of day have no offset, which the format `time` asks for, and an address that is not set is answered as "" ."""
    for name, component in result["components"]["schemas"].items():
        _drop(component, {"time"} if name.endswith("Request") else {"time", "uri"})
    return result


def _drop(part: Any, formats: set[str]) -> None:
    if isinstance(part, list):
        for child in part:
            _drop(child, formats)
    elif isinstance(part, dict):
        if part.get("format") in formats:
            del part["format"]
        if "uri" in formats and "oneOf" in part:  # an address, or "": without the format an empty one is both
            part["anyOf"] = part.pop("oneOf")
        for child in part.values():
            _drop(child, formats)


def _may_be_blank(field: Any) -> bool:
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    column = next((f for f in model._meta.fields if f.name == field.source), None) if model else None
    return bool(column and column.blank)
