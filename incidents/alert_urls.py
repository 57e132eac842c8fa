from django.urls import path

from incidents import alert_views as views

urlpatterns = [
    path("", views.alert_list, name="alert-list"),
    path("take/", views.alert_take, name="alert-take"),
    path("value/", views.alert_value, name="alert-value"),
    path("sources/", views.source_list, name="source-list"),
    path("sources/<int:pk>/test/", views.source_test, name="source-test"),
    path("rules/", views.rule_list, name="alert-rules"),
    path("<int:pk>/", views.alert_detail, name="alert-detail"),
    path("episodes/<int:pk>/judge/", views.episode_judge, name="episode-judge"),
    path("deliveries/", views.delivery_list, name="delivery-list"),
    path("deliveries/<int:pk>/", views.delivery_detail, name="delivery-detail"),
    path("deliveries/<int:pk>/again/", views.delivery_again, name="delivery-again"),
]
