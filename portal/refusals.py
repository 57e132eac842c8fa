"""A refusal in the API: `{code, message}`, with `fields` where single fields are wrong. The page's twin is `portal.web.refusals`."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from portal.api.idempotency import Repeat
from portal.errors import DomainError

NAMES = {"permission_denied": "not_allowed"}


def refuse(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST_FRAMEWORK["EXCEPTION_HANDLER"]."""
    if isinstance(error, Repeat):
        return error.response()
    if isinstance(error, DomainError):
        return Response({"code": error.code, "message": str(error)}, status=error.http_status, headers=error.headers)
    if isinstance(error, DjangoValidationError):
        return Response({"code": "invalid", "message": " ".join(error.messages)}, status=400)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404 | exceptions.NotFound):
        response.data = {"code": "not_found", "message": "There is nothing here, or you may not see it."}
    elif isinstance(error, exceptions.ValidationError):
        response.data = {"code": "invalid", "message": "Some fields need another value.", "fields": response.data}
    elif isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else "invalid"
        response.data = {"code": NAMES.get(code, code), "message": str(error.detail)}
    return response
