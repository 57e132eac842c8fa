from django.urls import path

from oncall import views

urlpatterns = [
    path("", views.oncall, name="oncall"),
    path("checklists/<int:pk>/", views.checklist_detail, name="checklist-detail"),
    path("checklists/items/<int:pk>/tick/", views.checklist_tick, name="checklist-tick"),
    path("checklists/items/<int:pk>/untick/", views.checklist_untick, name="checklist-untick"),
    path("checklists/items/<int:pk>/skip/", views.checklist_skip, name="checklist-skip"),
]
