"""Whom next, and when. Pure: a policy and how many steps were taken give the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """After `after` (from the round's beginning) page `whom`; `person` and `rotation` are set where one is named."""

    after: timedelta
    whom: str  # primary, secondary, lead, team, person, rotation
    person: int | None = None
    rotation: int | None = None
    by: str = "first"  # their first channel, second, all
    hours: str = "always"  # open, closed: only in or outside the service's business hours


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps by their time, gone through `rounds` times. A round begins one `pause` after the last step of the one before."""

    steps: Sequence[Step]
    rounds: int

    @property
    def pause(self) -> timedelta:
        """Between the last step of a round and the first of the next: as long as between the first two steps, at least a minute."""
        first_gap = self.steps[1].after - self.steps[0].after if len(self.steps) > 1 else timedelta(minutes=5)
        return max(first_gap, timedelta(minutes=1))

    @property
    def round_length(self) -> timedelta:
        return self.steps[-1].after + self.pause


@dataclass(frozen=True, slots=True)
class Next:
    """The step to take: its place in the plan, the round (from 0) and the moment."""

    step: Step
    index: int
    round: int
    at: datetime


def next_step(plan: Plan, *, begun_at: datetime, taken: int) -> Next | None:
    """The step after `taken` ones; None when every round is over or the plan has no steps. The moment may lie in the past."""
    if not plan.steps or taken >= len(plan.steps) * plan.rounds:
        return None
    turn, index = divmod(taken, len(plan.steps))
    step = plan.steps[index]
    return Next(step, index, turn, begun_at + turn * plan.round_length + step.after)


def upcoming(plan: Plan, *, begun_at: datetime, taken: int) -> list[Next]:
    """What is left of the round that is under way, in order: the ladder that people see."""
    found = []
    while (step := next_step(plan, begun_at=begun_at, taken=taken)) is not None:
        found.append(step)
        taken += 1
        if step.index == len(plan.steps) - 1:
            break
    return found
