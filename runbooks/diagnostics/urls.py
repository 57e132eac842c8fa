from django.urls import path

from runbooks.diagnostics import guard_views, schedule_views, views

urlpatterns = [
    path("", views.diagnostic_list, name="diagnostic-list"),
    path("runs/<int:pk>/", views.diagnostic_run_detail, name="diagnostic-run-detail"),
    path("runs/<int:pk>/output.txt", views.diagnostic_output, name="diagnostic-output"),
    path("runs/<int:pk>/again/", views.diagnostic_run_again, name="diagnostic-run-again"),
    path("runs/<int:pk>/cancel/", views.diagnostic_run_cancel, name="diagnostic-run-cancel"),
    path("previews/<int:pk>/confirm/", guard_views.preview_confirm, name="preview-confirm"),
    path("previews/<int:pk>/second/", guard_views.preview_second, name="preview-second"),
    path("schedules/", schedule_views.schedule_list, name="schedule-list"),
    path("schedules/<int:pk>/", schedule_views.schedule_detail, name="schedule-detail"),
    path("schedules/<int:pk>/switch/", schedule_views.schedule_switch, name="schedule-switch"),
    path("schedules/<int:pk>/remove/", schedule_views.schedule_remove, name="schedule-remove"),
    path("<slug:slug>/", views.diagnostic_detail, name="diagnostic-detail"),
    path("<slug:slug>/run/", views.diagnostic_run, name="diagnostic-run"),
    path("<slug:slug>/schedule/", schedule_views.schedule_new, name="schedule-new"),
]
