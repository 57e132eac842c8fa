from django.urls import path

from oncall import paging_views

urlpatterns = [path("", paging_views.paging, name="paging")]
