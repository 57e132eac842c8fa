"""For production: several processes and hosts. Whatever is missing or weak stops the start."""

from django.core.exceptions import ImproperlyConfigured

from portal.settings import environment as env
from portal.settings.base import *  # noqa: F403
from portal.settings.base import BASE_URL, CLOCK_OFFSET, DATABASES, OIDC_URL

PRODUCTION = True
SECRET_KEY = env.text("PORTAL_SECRET_KEY")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure"):
    raise ImproperlyConfigured("PORTAL_SECRET_KEY must be at least 50 random characters.")
if not env.words("PORTAL_ENCRYPTION_KEYS"):
    raise ImproperlyConfigured("PORTAL_ENCRYPTION_KEYS is not set. Make one: openssl rand -base64 32")
env.text("DATABASE_URL")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database (postgres://…) in production.")
BROKER_URL = CELERY_BROKER_URL = env.url("PORTAL_BROKER_URL", env.text("PORTAL_BROKER_URL"), {"redis", "rediss"})
if CLOCK_OFFSET:
    raise ImproperlyConfigured("PORTAL_CLOCK_OFFSET is for rehearsals and must not be set in production.")
CLOCK_OFFSET_FILE = None

if OIDC_URL.startswith("http://"):
    raise ImproperlyConfigured("PORTAL_OIDC_URL must begin with https:// in production.")

_secure = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
if _secure:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^hooks/", r"^healthz$", r"^readyz$", r"^metrics$"]  # a redirect would turn a POST into a GET and lose the alert
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Not in Redis: signing in must work while Redis is frozen.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}
