"""A rotation's page, its editor with the twelve months beside it, overrides, and what is imported."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import covering, editing, forms, ics, importing, loads, policies, rota, simulation
from oncall.models import Layer, Override, Rotation, Team
from portal import clock
from portal.accounts.acting import acting
from portal.errors import DomainError, Invalid, require

ONLY_LEADS = "Only leads of the team change its rotations. You can cover a shift, or offer yours for a swap."
AHEAD = timedelta(days=28)
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def rotation_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _rotation(pk))


def _rotation(pk: int) -> Rotation:
    return get_object_or_404(Rotation.objects.select_related("team"), pk=pk)


def _page(request: HttpRequest, rotation: Rotation, *, status: int = 200, **over: Any) -> HttpResponse:
    now, user = clock.now(), acting(request)
    [(_, spans)] = rota.coming(now, now + AHEAD, Rotation.objects.filter(pk=rotation.pk))
    context = {
        "rotation": rotation,
        "turns": rotation.turns.filter(layer=None).select_related("person"),
        "layers": rotation.layers.prefetch_related("turns__person"),
        "spans": spans,
        "overrides": rotation.overrides.filter(ends_at__gt=now).select_related("person", "by").order_by("starts_at")[:50],
        "swaps": rotation.swaps.filter(ends_at__gt=now, state="offered").select_related("giver", "taker"),
        "gaps": rotation.accepted_gaps.filter(ends_at__gt=now).select_related("by")[:8],
        "carried": loads.of(rotation, now),
        "may_edit": policies.leads(user, rotation.team),
        "cover_form": forms.CoverForm(),
        "swap_form": forms.SwapForm(),
        "override_form": forms.OverrideForm(),
        "file_form": forms.FileForm(),
        "now": now,
        **over,
    }
    return render(request, "oncall/rotation.html", context, status=status)


@form_page
def rotation_edit(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """`pk` 0: a new one."""
    user, now = acting(request), clock.now()
    rotation = _rotation(pk) if pk else Rotation(begins_on=_next_monday(now), time_zone=user.time_zone)
    require(policies.leads(user, rotation.team if pk else None), ONLY_LEADS)
    teams = Team.objects.all() if user.is_superuser else Team.objects.filter(membership__user=user, membership__role="lead")
    turns = forms.turns_of(rotation) if pk else []
    form = forms.RotationForm(request.POST or None, instance=rotation, turns=turns, teams=teams)
    return _edit(request, form, rotation)


@form_page
def layer_edit(request: HttpRequest, pk: int, layer_pk: int = 0) -> HttpResponse:
    rotation = _rotation(pk)
    require(policies.leads(acting(request), rotation.team), ONLY_LEADS)
    new = Layer(rotation=rotation, begins_on=clock.now().date(), time_zone=rotation.time_zone, handoff_at=rotation.handoff_at)
    layer = get_object_or_404(Layer, pk=layer_pk, rotation=rotation) if layer_pk else new
    layer.rotation = rotation
    turns = forms.turns_of(rotation, layer) if layer_pk else []
    return _edit(request, forms.LayerForm(request.POST or None, instance=layer, turns=turns), layer)


def _next_monday(now: datetime) -> Any:
    return now.date() + timedelta(days=7 - now.date().weekday())


def _edit(request: HttpRequest, form: Any, target: Rotation | Layer) -> HttpResponse:
    """Shows, previews (`preview` in the form, or asked by the page itself), or saves."""
    now, user = clock.now(), acting(request)
    if request.method != "POST":
        report = simulation.simulate(editing.proposed(target, forms_people(form), now), now) if target.pk else None
        return _editor(request, form, target, report)
    if not form.is_valid():
        return _editor(request, form, target, None, status=422)
    if "preview" in request.POST or request.headers.get("HX-Request"):
        return _editor(request, form, target, simulation.simulate(editing.proposed(target, form.people, now), now))
    try:
        saved = editing.save(target, form.people, by=user, at=now, seen=form.cleaned_data["seen_version"], reason=request.POST.get("accept", ""))
    except editing.Holes as holes:
        return _editor(request, form, target, holes.report, status=422, said=str(holes))
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return _editor(request, form, target, None, status=refusal.http_status)
    told = f" {len(saved.told)} told." if saved.told else ""
    messages.success(request, f"Saved.{told}")
    return redirect("rotation-detail", pk=saved.rotation.pk)


def forms_people(form: Any) -> list[int]:
    """The people that an unbound form shows."""
    return [person for name in form.places if (person := form.fields[name].initial)]


def _editor(
    request: HttpRequest, form: Any, target: Rotation | Layer, report: simulation.Report | None, *, status: int = 200, said: str = ""
) -> HttpResponse:
    rotation = target if isinstance(target, Rotation) else target.rotation
    context = {"form": form, "rotation": rotation, "layer": target if isinstance(target, Layer) else None, "report": report, "said": said}
    context |= {"accept": request.POST.get("accept", ""), "now": clock.now()}
    template = "oncall/_report.html" if request.headers.get("HX-Request") else "oncall/rotation_edit.html"
    return render(request, template, context, status=200 if request.headers.get("HX-Request") else status)


@require_POST
def layer_remove(request: HttpRequest, pk: int, layer_pk: int) -> HttpResponse:
    layer = get_object_or_404(Layer.objects.select_related("rotation__team"), pk=layer_pk, rotation=pk)
    require(policies.leads(acting(request), layer.rotation.team), ONLY_LEADS)
    editing.remove_layer(layer, by=acting(request), at=clock.now())
    return redirect("rotation-detail", pk=pk)


@require_POST
def override_add(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead writes any override."""
    rotation, user = _rotation(pk), acting(request)
    require(policies.leads(user, rotation.team), ONLY_LEADS)
    form = forms.OverrideForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            span = (data["starts_at"], data["ends_at"])
            covering.write(rotation.pk, data["kind"], data["person"], *span, by=user, at=clock.now(), reason=data["reason"])
        except Invalid as refusal:
            form.add_error("ends_at", str(refusal))
        else:
            return redirect("rotation-detail", pk=pk)
    return _page(request, rotation, status=422, override_form=form)


@require_POST
def cover(request: HttpRequest, pk: int) -> HttpResponse:
    """Anyone takes a time for themselves."""
    rotation, form = _rotation(pk), forms.CoverForm(request.POST)
    require(policies.can_answer(acting(request)), "Only responders and above are on call.")
    if form.is_valid():
        span = form.cleaned_data["starts_at"], form.cleaned_data["ends_at"]
        try:
            covering.cover(rotation.pk, *span, by=acting(request), at=clock.now(), reason=form.cleaned_data["reason"])
        except Invalid as refusal:
            form.add_error("ends_at", str(refusal))
        else:
            messages.success(request, "You cover that time. Whoever had it is told.")
            return redirect("rotation-detail", pk=pk)
    return _page(request, rotation, status=422, cover_form=form)


@require_POST
def override_remove(request: HttpRequest, pk: int, override_pk: int) -> HttpResponse:
    """By a lead, or by whoever covers."""
    override = get_object_or_404(Override.objects.select_related("rotation__team", "person"), pk=override_pk, rotation=pk)
    user = acting(request)
    may = policies.leads(user, override.rotation.team) or (override.person == user and override.by == user)
    require(may, "Only a lead of the team, or whoever wrote it for themselves, takes it back.")
    covering.withdraw(override, by=user, at=clock.now())
    return redirect("rotation-detail", pk=pk)


@require_POST
def import_shifts(request: HttpRequest, pk: int) -> HttpResponse:
    """The shifts of a calendar file of another tool."""
    rotation, user = _rotation(pk), acting(request)
    require(policies.leads(user, rotation.team), ONLY_LEADS)
    form = forms.FileForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            written = importing.shifts(rotation.pk, upload.read(ics.LARGEST + 1), upload.name[:100], by=user, at=clock.now())
        except ics.Unreadable as refusal:
            for problem in refusal.problems[: ics.PROBLEMS_SHOWN]:
                form.add_error("file", str(problem))
        else:
            messages.success(request, f"{len(written)} shifts imported.")
            return redirect("rotation-detail", pk=pk)
    return _page(request, rotation, status=422, file_form=form)
