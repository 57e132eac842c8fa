"""Stored secrets: unreadable in the database, readable with any of the keys, never lost to a missing one."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError

from portal import secrets

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_sealed_text_does_not_show_and_opens_again():
    sealed = secrets.seal("hunter2 ✓")

    assert sealed.startswith("sealed:")
    assert "hunter2" not in sealed
    assert secrets.unseal(sealed) == "hunter2 ✓"
    assert secrets.seal("hunter2 ✓") != sealed  # the same secret twice looks different


def test_nothing_stays_nothing_and_a_text_from_before_comes_back():
    assert (secrets.seal(""), secrets.unseal(""), secrets.unseal("plain")) == ("", "", "plain")


def test_the_first_key_encrypts_and_every_key_decrypts(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    before = secrets.seal("x")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    after = secrets.seal("x")

    assert secrets.unseal(before) == "x"
    settings.ENCRYPTION_KEYS = [NEW]
    assert secrets.unseal(after) == "x"
    assert isinstance(secrets.unseal(before), secrets.Unreadable)


def test_a_secret_that_no_key_opens_is_empty_says_so_and_is_stored_again_as_it_was(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = secrets.seal("x")
    settings.ENCRYPTION_KEYS = [NEW]

    closed = secrets.unseal(sealed)

    assert closed == ""
    assert secrets.EncryptedTextField().get_prep_value(closed) == sealed
    with pytest.raises(secrets.NoKeyFits, match="Put the old key back"):
        secrets.readable(closed)


def test_an_encrypted_field_cannot_be_searched():
    field = secrets.EncryptedTextField(name="token")

    assert field.get_lookup("isnull")
    with pytest.raises(FieldError):
        field.get_lookup("exact")
