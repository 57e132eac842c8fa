from django.urls import path

from runbooks.diagnostics import views

urlpatterns = [
    path("", views.diagnostic_list, name="diagnostic-list"),
    path("runs/<int:pk>/", views.diagnostic_run_detail, name="diagnostic-run-detail"),
    path("<slug:slug>/", views.diagnostic_detail, name="diagnostic-detail"),
    path("<slug:slug>/run/", views.diagnostic_run, name="diagnostic-run"),
]
