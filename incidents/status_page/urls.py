from django.urls import path

from incidents.status_page import views

urlpatterns = [
    path("", views.status_file, name="status"),
    path("<str:name>", views.status_file, name="status-file"),
]
