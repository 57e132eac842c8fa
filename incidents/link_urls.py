from django.urls import path

from incidents import link_views

urlpatterns = [path("<str:token>/", link_views.acknowledge_by_link, name="acknowledge-by-link")]
