"""The complete settings, good for one machine without any service. `prod` insists on more, `test` on less."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from portal.settings import environment as env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / "var"))).absolute()
PORT_FILE = DATA_DIR / "port"  # of the last `make run` here: a command in another window names the address that answers
PORT = env.integer("PORTAL_PORT", env.kept_port(PORT_FILE, 8000), minimum=1, maximum=65535)
BASE_URL = env.url("PORTAL_BASE_URL", f"http://localhost:{PORT}", {"http", "https"}).rstrip("/")
OFFLINE_DIR = Path(env.text("PORTAL_OFFLINE_DIR", str(DATA_DIR / "offline"))).absolute()  # the static copy of the library
PRODUCTION = False
DEBUG = False


def _kept_secret(name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(64)) -> str:
    """A key of a single machine: made once, kept beside its database, readable by its owner only."""
    path = DATA_DIR / name
    with contextlib.suppress(FileExistsError):
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(make())
    return path.read_text().strip()


SECRET_KEY = env.text("PORTAL_SECRET_KEY", "") or _kept_secret("secret_key")
ENCRYPTION_KEYS = env.encryption_keys("PORTAL_ENCRYPTION_KEYS", lambda: _kept_secret("encryption_keys", env.new_encryption_key))
ALLOWED_HOSTS = [*env.words("PORTAL_ALLOWED_HOSTS", "localhost,[::1]"), "127.0.0.1"]  # health checks ask this host itself
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https") else []

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
    "simple_history",
    "portal",
    "portal.accounts",
    "portal.notify",
    "portal.search",
    "portal.webhooks",
    "oncall",
    "runbooks",
    "incidents",
    "postmortems",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.web.middleware.RequestId",
    "runbooks.offline.Fallback",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.web.middleware.AdminPolicy",
    "portal.web.middleware.PrivatePages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.middleware.SignInRequired",
    "portal.web.middleware.ReaderTimeZone",
    "portal.web.refusals.Refusals",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.middleware.SecondFactor",
    "portal.accounts.middleware.SeenSessions",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "portal/web/templates", BASE_DIR / "portal/home/templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.shell",
            ],
            "builtins": [
                "django.templatetags.static",
                "django_htmx.templatetags.django_htmx",
                "portal.web.templatetags.web",
                "portal.markdown.templatetags.markdown",
            ],
            "libraries": {"web": "portal.web.templatetags.web"},
        },
    }
]

# Databases: SQLite beside the process, or whatever DATABASE_URL names (postgres://…).
_database_url = env.url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'standby.sqlite3'}", {"sqlite", "postgres", "postgresql"})
DATABASES: dict[str, dict[str, Any]] = {"default": environ.Env.db_url_config(_database_url)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    _synchronous = env.choice("PORTAL_SQLITE_SYNCHRONOUS", "FULL", {"FULL", "NORMAL"})
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a read that turns into a write never meets "database is locked"
        "timeout": 60,  # seconds; its wait is not fair, so a busy moment may take long
        "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={_synchronous};",  # FULL: a commit is a page
    }
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}  # in memory, threads meet "table is locked"
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 3,
        "options": "-c lock_timeout=5s -c statement_timeout=15s -c idle_in_transaction_session_timeout=20s",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail addresses are unique in any case, by a constraint on lower(email)
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.accounts.adapter.Adapter"
ACCOUNT_FORMS = {
    "login": "portal.accounts.forms.SignIn",
    "change_password": "portal.accounts.forms.ChangePassword",
    "reset_password": "portal.accounts.forms.ResetPassword",
    "reset_password_from_key": "portal.accounts.forms.NewPassword",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers cannot make us write to anybody; the page reads the same
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = None  # the form asks; ticked, the session outlives the browser
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told by mail
ACCOUNT_RATE_LIMITS = {"login_failed": "20/15m/ip,5/15m/key"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # seconds
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("PORTAL_TRUSTED_PROXIES", 0, minimum=0, maximum=9)  # that add themselves to X-Forwarded-For

MFA_ADAPTER = "portal.accounts.second_factor.Adapter"
MFA_FORMS = {
    "authenticate": "portal.accounts.forms.Code",
    "reauthenticate": "portal.accounts.forms.CodeAgain",
    "activate_totp": "portal.accounts.forms.FirstCode",
    "add_webauthn": "portal.accounts.forms.NewPasskey",
    "edit_webauthn": "portal.accounts.forms.RenamePasskey",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation or an administrator vouches for the address
MFA_TOTP_TOLERANCE = 1  # 30 s: phones are late
MFA_TOTP_ISSUER = "Standby"
SECOND_FACTOR_GRACE = env.duration("PORTAL_SECOND_FACTOR_GRACE", "7d")  # for administrators without single sign-on

# Single sign-on by OpenID Connect: on as soon as PORTAL_OIDC_URL is set.
OIDC_URL = env.url("PORTAL_OIDC_URL", "", {"https", "http"}).rstrip("/")
OIDC_GROUPS_CLAIM = env.text("PORTAL_OIDC_GROUPS_CLAIM", "groups")
OIDC_ROLES = env.pairs("PORTAL_OIDC_ROLES", {"viewer", "responder", "editor", "lead", "admin"})
OIDC_DEFAULT_ROLE = env.choice("PORTAL_OIDC_DEFAULT_ROLE", "viewer", {"viewer", "responder", "none"})
OIDC_ONLY = env.yes_or_no("PORTAL_OIDC_ONLY", default=False)
SOCIALACCOUNT_ADAPTER = "portal.accounts.single_sign_on.Adapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that redirects elsewhere is stopped by form-action
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # an address that the provider confirmed is this person
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
if OIDC_ONLY and not OIDC_URL:
    raise ImproperlyConfigured("PORTAL_OIDC_ONLY needs PORTAL_OIDC_URL: nobody could sign in.")
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if OIDC_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": env.words("PORTAL_OIDC_SCOPES", "openid,profile,email"),
        "APPS": [
            {
                "provider_id": "sso",
                "name": env.text("PORTAL_OIDC_NAME", "single sign-on"),
                "client_id": env.text("PORTAL_OIDC_CLIENT_ID"),
                "secret": env.text("PORTAL_OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_URL},
            }
        ],
    }

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.web.error_pages.csrf_failed"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "https:", "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "connect-src": [SELF],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["portal.formats"]
DEFAULT_TEAM_TIME_ZONE = env.text("PORTAL_TIME_ZONE", "UTC")

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "portal/web/static"]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Mail: nothing is sent anywhere until PORTAL_EMAIL_URL (smtp://user:password@host:port) is set; then it lands in the log.
_email_url = env.url("PORTAL_EMAIL_URL", "", {"smtp", "smtp+tls", "smtp+ssl", "consolemail"}) or "consolemail://"
_email = environ.Env.email_url_config(_email_url)
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 5  # seconds; the lease of a message is twice this and a bit
DEFAULT_FROM_EMAIL = env.text("PORTAL_EMAIL_FROM", f"standby@{urlsplit(BASE_URL).hostname or 'localhost'}")

# Hosts of channels that an administrator allows at private addresses, such as a chat or ntfy server of the house.
CHANNEL_HOSTS = env.words("PORTAL_CHANNEL_HOSTS", "")
PAGERDUTY_EVENTS_URL = env.url("PORTAL_PAGERDUTY_EVENTS_URL", "https://events.pagerduty.com/v2/enqueue", {"http", "https"})

# Outside this house, a dead man's switch that hears from us each minute while paging works.
HEARTBEAT_URL = env.url("PORTAL_HEARTBEAT_URL", "", {"http", "https"})

# Celery: a hint that there is work, never the work itself (docs/decisions/0001).
BROKER_URL = env.url("PORTAL_BROKER_URL", "memory://", {"memory", "redis", "rediss"})
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_TIMEOUT = 0.5  # seconds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # the default gives up and ends the worker
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_retries": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.accounts.tokens.BearerToken", "rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.accounts.permissions.SignedInWithScope"],
    "DEFAULT_PAGINATION_CLASS": "portal.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.parsing.BoundedJSON"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.documents.Documents",
    "EXCEPTION_HANDLER": "portal.refusals.refuse",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Standby",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,  # what is sent and what is answered differ
    "POSTPROCESSING_HOOKS": [
        "portal.api.documents.without_narrow_formats"
    ],  # choices stand at their field, so that no two of them fight for one name
}

UNFOLD = {
    "SITE_TITLE": "Standby",
    "SITE_HEADER": "Standby",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "BORDER_RADIUS": "7px",
    "COLORS": {
        "primary": {
            "50": "#eef3fe",
            "100": "#e0e9fd",
            "200": "#c4d4fb",
            "300": "#a9c3ff",
            "400": "#8fb1ff",
            "500": "#3f66e0",
            "600": "#2853cc",
            "700": "#1f43ab",
            "800": "#1a2f6e",
            "900": "#1a2440",
            "950": "#111830",
        }
    },
}
SIMPLE_HISTORY_HISTORY_ID_USE_UUID = False
SIMPLE_HISTORY_ENABLED = True

# The clock: an offset for rehearsals on a running server. Leases never use it.
CLOCK_OFFSET = env.duration("PORTAL_CLOCK_OFFSET", "0")
CLOCK_OFFSET_FILE: Path | None = DATA_DIR / "clock_offset"

# What leaves the house goes through portal.outbound; free addresses (anybody's webhook) only to these ports.
OUTBOUND_PORTS = {80, 443, *env.integers("PORTAL_OUTBOUND_PORTS", minimum=1, maximum=65535)}

# Files of the public status page: the web server shows them also when the portal is away.
STATUS_PAGE_DIR = Path(env.text("PORTAL_STATUS_PAGE_DIR", str(DATA_DIR / "status")))
SLACK_BOT_TOKEN = env.text("PORTAL_SLACK_BOT_TOKEN", "")
SLACK_API_URL = env.url("PORTAL_SLACK_API_URL", "https://slack.com/api", {"http", "https"}).rstrip("/")

MARKDOWN_LIMIT = 65_536  # characters in one field
PAGES_BUNDLED_WITHIN = env.duration("PORTAL_PAGES_BUNDLED_WITHIN", "2m")  # of the page before, to one person; 0 bundles nothing
DESTINATION_LIMIT = env.integer(
    "PORTAL_DESTINATION_LIMIT", 30, minimum=0, maximum=10_000
)  # messages a minute to one address; twice as many pages; 0: no limit
RECONCILE_EVERY = env.duration("PORTAL_RECONCILE_EVERY", "2m")
RECONCILE_NOTICE = env.duration("PORTAL_RECONCILE_NOTICE", "90s")  # grouping may hold a webhook back for so long before it counts as missed
RECONCILE_APART = env.duration("PORTAL_RECONCILE_APART", "3m")  # between two answers that both lack an alert, before it counts as ended
RECONCILE_UPTIME = env.duration("PORTAL_RECONCILE_UPTIME", "10m")  # of an Alertmanager, before what it lacks counts
HOOK_LIMIT = 16 * 1024 * 1024  # bytes, also once inflated
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes; the hook reads its stream itself
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
CACHES: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "portal.web.logs.WithRequestId"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": env.choice("PORTAL_LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        "httpx": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
    },
}
