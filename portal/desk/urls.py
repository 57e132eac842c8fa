from django.urls import path

from portal.desk import views

urlpatterns = [
    path("preview/", views.preview, name="desk-preview"),
    path("<slug:name>/<int:pk>/save/", views.save, name="desk-save"),
    path("<slug:name>/<int:pk>/history/", views.history, name="desk-history"),
    path("<slug:name>/<int:pk>/restore/<int:revision>/", views.restore, name="desk-restore"),
]
