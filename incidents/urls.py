from django.urls import path

from incidents import views

urlpatterns = [
    path("", views.incident_list, name="incident-list"),
    path("new/", views.incident_new, name="incident-new"),
    path("<int:pk>/", views.incident_detail, name="incident-detail"),
    path("<int:pk>/ack/", views.incident_ack, name="incident-ack"),
    path("<int:pk>/status/", views.incident_status, name="incident-status"),
    path("<int:pk>/severity/", views.incident_severity, name="incident-severity"),
    path("<int:pk>/cancel/", views.incident_cancel, name="incident-cancel"),
    path("<int:pk>/notes/", views.incident_note, name="incident-note"),
    path("<int:pk>/fragments/timeline/", views.incident_timeline_page, name="incident-timeline"),
]
