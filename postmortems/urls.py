from django.urls import path

from postmortems import feedback_views, views

urlpatterns = [
    path("", views.postmortem_list, name="postmortem-list"),
    path("start/<int:incident>/", views.postmortem_start, name="postmortem-start"),
    path("feedback/<slug:slug>/", feedback_views.say, name="runbook-feedback"),
    path("missing/<int:pk>/", feedback_views.missing, name="runbook-missing"),
    path("<int:pk>/", views.postmortem_detail, name="postmortem-detail"),
    path("<int:pk>/review/", views.postmortem_review, name="postmortem-review"),
    path("<int:pk>/export.md", views.postmortem_export, name="postmortem-export"),
]
