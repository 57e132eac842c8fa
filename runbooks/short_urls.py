from django.urls import URLPattern, URLResolver, re_path

from runbooks import views

# With and without a slash at the end, whatever the name: an alert's link must lead somewhere.
urlpatterns: list[URLPattern | URLResolver] = [re_path(r"^(?P<alertname>.+?)/?$", views.runbook_short, name="runbook-short")]
