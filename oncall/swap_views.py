"""Offer a shift, read an offer, answer it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import covering, forms, policies, rotation_views
from oncall.models import Rotation, Swap
from portal import clock
from portal.accounts.acting import acting
from portal.errors import Invalid, require


@require_POST
def swap_offer(request: HttpRequest, pk: int) -> HttpResponse:
    rotation, form, user = get_object_or_404(Rotation.objects.select_related("team"), pk=pk), forms.SwapForm(request.POST), acting(request)
    require(policies.can_answer(user), "Only responders and above are on call.")
    if form.is_valid():
        data = form.cleaned_data
        try:
            swap = covering.offer(
                rotation.pk,
                data["taker"],
                data["starts_at"],
                data["ends_at"],
                by=user,
                at=clock.now(),
                return_starts_at=data["return_starts_at"],
                return_ends_at=data["return_ends_at"],
                message=data["message"],
            )
        except Invalid as refusal:
            form.add_error("starts_at", str(refusal))
        else:
            messages.success(request, f"{swap.taker} is asked. Until they accept, the shift is yours.")
            return redirect("swap-detail", pk=swap.pk)
    return rotation_views._page(request, rotation, status=422, swap_form=form)


def _swap(pk: int) -> Swap:
    return get_object_or_404(Swap.objects.select_related("rotation__team", "giver", "taker"), pk=pk)


@require_safe
def swap_detail(request: HttpRequest, pk: int) -> HttpResponse:
    swap, user = _swap(pk), acting(request)
    return render(request, "oncall/swap.html", {"swap": swap, "is_taker": swap.taker == user, "is_giver": swap.giver == user, "now": clock.now()})


@require_POST
def swap_accept(request: HttpRequest, pk: int) -> HttpResponse:
    swap = _swap(pk)
    require(swap.taker == acting(request), f"Only {swap.taker} accepts this.")
    covering.accept(pk, by=acting(request), at=clock.now())
    messages.success(request, "The shift is yours.")
    return redirect("swap-detail", pk=pk)


@require_POST
def swap_decline(request: HttpRequest, pk: int) -> HttpResponse:
    swap = _swap(pk)
    require(swap.taker == acting(request), f"Only {swap.taker} declines this.")
    covering.decline(pk, by=acting(request), at=clock.now())
    return redirect("swap-detail", pk=pk)


@require_POST
def swap_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    swap = _swap(pk)
    require(swap.giver == acting(request), f"Only {swap.giver} takes this offer back.")
    covering.take_back(pk, by=acting(request), at=clock.now())
    return redirect("swap-detail", pk=pk)
