from django.urls import path

from incidents import alert_views as views

urlpatterns = [
    path("", views.alert_list, name="alert-list"),
    path("<int:pk>/", views.alert_detail, name="alert-detail"),
    path("deliveries/<int:pk>/", views.delivery_detail, name="delivery-detail"),
]
