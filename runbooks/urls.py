from django.urls import URLPattern, URLResolver, path

from runbooks import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.runbook_list, name="runbook-list"),
    path("<slug:slug>/", views.runbook_detail, name="runbook-detail"),
]
