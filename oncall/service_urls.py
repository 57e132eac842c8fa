from django.urls import path

from oncall import service_views

urlpatterns = [path("<slug:slug>/oncall/", service_views.service_oncall, name="service-oncall")]
