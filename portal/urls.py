"""Every prefix of the portal on one screen."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from portal.api import router
from portal.health import healthz, readyz
from portal.home.views import home

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("search/", include("portal.search.urls")),
    path("accounts/", include("portal.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include((router.urls, "api"))),  # named api:incident-list; the page is incident-list
    path("oncall/", include("oncall.urls")),
    path("runbooks/", include("runbooks.urls")),
    path("r/", include("runbooks.short_urls")),
    path("diagnostics/", include("runbooks.diagnostics.urls")),
    path("incidents/", include("incidents.urls")),
    path("hooks/", include("incidents.alerts.urls")),
    path("postmortems/", include("postmortems.urls")),
    path("actions/", include("postmortems.action_urls")),
]
