"""Every prefix of the portal on one screen."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from portal.accounts.people_views import invite_again, people, switch_off, withdraw
from portal.accounts.views import end_other_sessions, end_session, profile
from portal.api import router
from portal.api.reading import docs
from portal.api.views import schema
from portal.decision_views import decision_export, decision_list
from portal.first_steps import first_steps
from portal.health import healthz, readyz
from portal.home.views import home
from portal.metrics import metrics
from portal.notify.views import test_page
from portal.search.views import search_api
from portal.web.views import admin_sign_in, components, favicon

handler400 = "portal.web.error_pages.bad_request"
handler403 = "portal.web.error_pages.not_allowed"
handler404 = "portal.web.error_pages.not_found"
handler500 = "portal.web.error_pages.broken"

urlpatterns = [
    path("", home, name="home"),
    path("first-steps/", first_steps, name="first-steps"),
    path("favicon.ico", favicon, name="favicon"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("search/", include("portal.search.urls")),
    path("accounts/", include("portal.accounts.urls")),
    path("profile/", profile, name="profile"),
    path("profile/sessions/end-others/", end_other_sessions, name="sessions-end-others"),
    path("profile/sessions/<int:pk>/end/", end_session, name="session-end"),
    path("people/", people, name="people"),
    path("people/invitations/<int:pk>/again/", invite_again, name="invitation-again"),
    path("people/invitations/<int:pk>/withdraw/", withdraw, name="invitation-withdraw"),
    path("people/<int:pk>/switch-off/", switch_off, name="person-switch-off"),
    path("decisions/", decision_list, name="decision-list"),
    path("decisions.csv", decision_export, name="decision-export"),
    path("admin/login/", admin_sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
    path("desk/", include("portal.desk.urls")),
    path("components/", components, name="components"),
    path("api/docs/", docs, name="api-docs"),
    path("api/schema/", schema, name="api-schema"),
    path("api/search/", search_api, name="search-api"),
    path("api/", include((router.urls, "api"))),  # named api:incident-list; the page is incident-list
    path("notify/", include("portal.notify.urls")),
    path("t/<str:token>/", test_page, name="test-page"),
    path("oncall/", include("oncall.urls")),
    path("paging/", include("oncall.paging_urls")),
    path("services/", include("oncall.service_urls")),
    path("runbooks/", include("runbooks.urls")),
    path("r/", include("runbooks.short_urls")),
    path("offline/", include("runbooks.offline_urls")),
    path("diagnostics/", include("runbooks.diagnostics.urls")),
    path("incidents/", include("incidents.urls")),
    path("ack/", include("incidents.link_urls")),
    path("status/", include("incidents.status_page.urls")),
    path("alerts/", include("incidents.alert_urls")),
    path("hooks/", include("incidents.alerts.urls")),
    path("postmortems/", include("postmortems.urls")),
    path("actions/", include("postmortems.action_urls")),
    path("", include("postmortems.insight_urls")),
]
