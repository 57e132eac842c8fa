"""Answers of the API, kept for a while so that a request sent twice acts once."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.secrets import EncryptedTextField


class Answer(models.Model):
    """What one user's POST with one `Idempotency-Key` answered. Written in the transaction of what the request did."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)  # sha256 of path and body
    status = models.PositiveSmallIntegerField(default=0)  # 0 only inside the transaction that acts
    headers = models.JSONField(default=dict)
    body = EncryptedTextField(blank=True)  # JSON; may hold a secret that is shown once
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="answer_one_per_user_and_key")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"
