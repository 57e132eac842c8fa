"""For the test suite: nothing slow, nothing outside."""

import os
import tempfile

os.environ.setdefault("PORTAL_DATA_DIR", tempfile.mkdtemp(prefix="standby-test-"))
os.environ.setdefault("PORTAL_SECRET_KEY", "only-for-tests-" * 5)
os.environ.setdefault("PORTAL_ENCRYPTION_KEYS", "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtb24=")

from portal.settings.base import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # sign-in is tested, not the hasher
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if _template := os.environ.get("TEST_DATABASE_TEMPLATE"):  # tables that were laid out once, on PostgreSQL
    DATABASES["default"]["TEST"] = {"TEMPLATE": _template}  # noqa: F405
ALLOWED_HOSTS = ["*"]
CLOCK_OFFSET_FILE = None
LOGGING["root"]["level"] = "ERROR"  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  (or whitenoise warns)
