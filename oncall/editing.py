"""Edit a rotation or one of its layers: simulated before it is saved, holes accepted with a reason, people told whose shifts moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from oncall import moving, rota, schedule, simulation
from oncall.models import AcceptedGap, Layer, Rotation, Turn
from oncall.rota import Loaded
from oncall.simulation import Report
from portal.accounts.models import User
from portal.errors import DomainError, Invalid
from portal.web.versions import next_version

REASON_AT_LEAST = 10  # characters


class Holes(DomainError):
    """Nobody would answer at times, and no reason was given."""

    code = "rotation_has_holes"

    def __init__(self, report: Report) -> None:
        super().__init__("At times nobody would answer. Fill the holes, or say in a few words why they are right.")
        self.report = report


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved, and who was told."""

    rotation: Rotation
    report: Report
    told: Sequence[User]


def proposed(target: Rotation | Layer, people: Sequence[int], now: datetime) -> Loaded:
    """The rotation as it would be with this rule and these people (ids in their order). Nothing is written. 5 queries."""
    rotation = target if isinstance(target, Rotation) else target.rotation
    end = now + simulation.AHEAD + timedelta(days=400)
    current = rota.load(now, end, Rotation.objects.filter(pk=rotation.pk))[0] if rotation.pk else Loaded(rotation, schedule.schedule([]), {})
    is_layer = isinstance(target, Layer)
    mine = schedule.Layer(target.pk or 10**12 if is_layer else 0, target.priority if isinstance(target, Layer) else 0, target.rule_for(list(people)))
    others = [layer for layer in current.plan.layers if layer.pk != mine.pk]
    layers = {**current.layers, mine.pk: target} if isinstance(target, Layer) else current.layers
    return replace(current, rotation=rotation, plan=schedule.schedule([*others, mine], current.plan.written), layers=layers)


@transaction.atomic
def save(target: Rotation | Layer, people: Sequence[int], *, by: User, at: datetime, seen: int | None, reason: str = "") -> Saved:
    """Write a rotation (or a layer) with its people, in their order. `reason` accepts the holes that are left.

    seen: the rotation's version that the editor saw. Raises: Stale; Holes; Invalid, a field or the people do not fit.
    """
    rotation = target if isinstance(target, Rotation) else target.rotation
    _check(target, people)
    before: dict[int, moving.Spans] = {}
    if rotation.pk:
        rotation.version = next_version(Rotation, rotation.pk, seen=seen)
        before = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, Rotation.objects.filter(pk=rotation.pk))[0], at)
    plan = proposed(target, people, at)
    report = simulation.simulate(plan, at)
    if report.open_gaps and len(reason.strip()) < REASON_AT_LEAST:
        raise Holes(report)
    rotation.save()
    if isinstance(target, Layer):
        target.rotation = rotation
        target.save()
    _write_people(rotation, target, people)
    _accept(rotation, report, reason, by=by, at=at)
    moved = moving.differences(before, moving.shifts_of(plan, at))
    why = f"“{rotation}” was changed" if before else f"“{rotation}” was made"
    return Saved(rotation, report, moving.tell(rotation, moved, by=by, at=at, why=why, quiet_for=[by.pk]))


def _check(target: Rotation | Layer, people: Sequence[int]) -> None:
    """Raises: Invalid."""
    try:
        target.full_clean(exclude=["rotation"] if isinstance(target, Layer) and not target.rotation.pk else None)
    except ValidationError as wrong:
        raise Invalid("; ".join(wrong.messages)) from wrong
    if target.ends_on and target.ends_on <= target.begins_on:
        raise Invalid("It ends before it begins: choose a later last day.")
    known = User.objects.filter(pk__in=people, is_active=True, is_service=False).count()
    if known != len(set(people)):
        raise Invalid("One of these people cannot be on call: choose active people only.")


def _write_people(rotation: Rotation, target: Rotation | Layer, people: Sequence[int]) -> None:
    layer = target if isinstance(target, Layer) else None
    Turn.objects.filter(rotation=rotation, layer=layer).delete()
    Turn.objects.bulk_create(Turn(rotation=rotation, layer=layer, person_id=person, order=order) for order, person in enumerate(people, start=1))


def _accept(rotation: Rotation, report: Report, reason: str, *, by: User, at: datetime) -> None:
    AcceptedGap.objects.bulk_create(
        AcceptedGap(rotation=rotation, starts_at=gap.starts_at, ends_at=gap.ends_at, reason=reason.strip()[:300], by=by, at=at)
        for gap in report.open_gaps  # each by itself: a reason for nights accepts no empty Tuesday
    )


@transaction.atomic
def remove_layer(layer: Layer, *, by: User, at: datetime) -> list[User]:
    """The layer is gone, its people are told; who."""
    rotation = Rotation.objects.select_for_update().get(pk=layer.rotation_id)
    before = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, Rotation.objects.filter(pk=rotation.pk))[0], at)
    layer.delete()
    after = moving.shifts_of(rota.load(at, at + moving.LOOKS_AHEAD, Rotation.objects.filter(pk=rotation.pk))[0], at)
    rotation.version += 1
    rotation.save()
    return moving.tell(rotation, moving.differences(before, after), by=by, at=at, why=f"“{rotation}” lost the layer {layer.name}", quiet_for=[by.pk])
