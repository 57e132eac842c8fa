"""Secrets at rest: texts of channels and targets, encrypted with a key that is never in the database.

Fernet (AES-128-CBC with HMAC-SHA256) by the `cryptography` package. PORTAL_ENCRYPTION_KEYS: the first key encrypts, every key decrypts,
so a key is changed by putting a new one in front and running `manage.py rotate_secrets` (docs/secrets.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast

from portal.errors import DomainError
from portal.shelves import Shelf

MARK = "sealed:"  # before every stored ciphertext
REMOVE = "-"  # typed into a form, it removes the secret


class NoKeyFits(DomainError):
    """A stored secret cannot be decrypted with the keys that are set."""

    code = "secret_unreadable"
    http_status = 503


class Unreadable(str):
    """What a field holds when no key fits: an empty text that is stored again exactly as it was, so that nothing is lost."""

    sealed: str

    def __new__(cls, sealed: str) -> Unreadable:
        made = super().__new__(cls, "")
        made.sealed = sealed
        return made


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> MultiFernet:
    return _box(tuple(settings.ENCRYPTION_KEYS))


def seal(text: str) -> str:
    """The ciphertext to store. Empty stays empty."""
    return MARK + _keys().encrypt(text.encode("utf-8", "surrogatepass")).decode() if text else ""


def unseal(stored: str) -> str:
    """The secret, or an `Unreadable` when no key fits. A text without the mark, stored before it was a secret, comes back as it is."""
    if not stored.startswith(MARK):
        return stored
    try:
        return _keys().decrypt(stored[len(MARK) :].encode()).decode("utf-8", "surrogatepass")
    except (InvalidToken, UnicodeError):
        return Unreadable(stored)


def readable(secret: str) -> str:
    """The secret itself, to be used right before it is needed. Raises: NoKeyFits."""
    if isinstance(secret, Unreadable):
        raise NoKeyFits(
            "This secret was encrypted with a key that is no longer set. Put the old key back into PORTAL_ENCRYPTION_KEYS, or enter it anew."
        )
    return secret


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """A text that stands encrypted in the database, in dumps and in copies. Write-only in forms: empty keeps what is stored, `-` removes it.

    It cannot be searched: only `isnull` is a lookup. Keep it out of history (`excluded_fields`) and out of serializers.
    """

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else unseal(value)

    def to_python(self, value: Any) -> Any:
        return unseal(value) if isinstance(value, str) and value.startswith(MARK) else super().to_python(value)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Unreadable):
            return value.sealed
        prepared = super().get_prep_value(value)
        return seal(prepared) if isinstance(prepared, str) else prepared

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)) or "")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be looked up by “{lookup_name}”.")
        return super().get_lookup(lookup_name)

    def formfield(self, **kwargs: Any) -> Any:
        kept = "Stored encrypted and never shown again. Leave empty to keep it, “-” removes it."
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        return super().formfield(
            **{**kwargs, "widget": widget, "required": False, "strip": False, "help_text": " ".join(filter(None, [str(self.help_text), kept]))}
        )

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        if data:
            setattr(instance, self.attname, "" if data == REMOVE else data)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One stored secret: where it stands, and its ciphertext. keeper: who keeps it in a shape of its own; empty for a field."""

    model: type[models.Model]
    field: str
    pk: Any
    text: str
    keeper: str = ""

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.field} {self.pk}"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Secrets in another shape than a field: all of them, and how one gets a new ciphertext as long as it is still that one (1, else 0)."""

    stored: Callable[[], Iterator[Sealed]]
    replace: Callable[[Sealed, str], int]


keepers: Shelf[Keeper] = Shelf("keepers of secrets")


def stored() -> Iterator[Sealed]:
    """Every secret in the database. 1 query a field and keeper."""
    for _, keeper in keepers:
        yield from keeper.stored()
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                rows = model._base_manager.annotate(sealed_text=Cast(field.name, models.TextField())).order_by("pk")
                for pk, text in rows.values_list("pk", "sealed_text").iterator():
                    if text:
                        yield Sealed(model, field.name, pk, text)


def unreadable() -> list[Sealed]:
    """Secrets that no key opens."""
    return [secret for secret in stored() if isinstance(unseal(secret.text), Unreadable)]


def rotate() -> tuple[int, list[Sealed]]:
    """Encrypt every secret anew with the first key: how many, and those that no key opens (left as they are).

    Safe to run twice, and while people work: a secret saved meanwhile is left, it has the first key already.
    """
    done, closed = 0, []
    for secret in list(stored()):
        opened = unseal(secret.text)
        if isinstance(opened, Unreadable):
            closed.append(secret)
            continue
        if secret.keeper:
            done += keepers[secret.keeper].replace(secret, seal(opened))
            continue
        same = secret.model._base_manager.annotate(sealed_text=Cast(secret.field, models.TextField())).filter(pk=secret.pk, sealed_text=secret.text)
        done += same.update(**{secret.field: Value(seal(opened), output_field=models.TextField())})
    return done, closed
