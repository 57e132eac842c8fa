"""What every noun of the API shares, so that a noun's own module says only its fields, its rights and its verbs.

    class TeamViewSet(Changes[Team], Noun[Team]):
        queryset, serializer_class, lookup_field = Team.objects.all(), TeamFields, "slug"

        def may_change(self, user, team): return policies.leads(user, team)

`Noun` lists and shows (`Shown` only shows); `Creates`, `Changes` and `Removes` add POST, PUT and PATCH, DELETE. Who may not see a thing
gets 404, who may not change it 403, a change without If-Match 428, a stale one 412, all before the body is looked at. Every POST is
idempotent with a key.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models, transaction
from django.http import Http404
from django.urls import reverse
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.acting import acting
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import Role
from portal.api.idempotency import Idempotent
from portal.api.versions import Outdated, check, of_fields, of_version
from portal.errors import DomainError, Stale, require
from portal.web.versions import Versioned

Thing = TypeVar("Thing", bound=models.Model)
SLUG, NUMBER = r"[-\w]{1,120}", r"[0-9]{1,19}"  # of ids in addresses


class Verbs(Idempotent):
    """Parse, call a story, answer."""

    @classmethod
    def as_view(cls, *args: Any, **kwargs: Any) -> Any:
        """Without the final slash there is nothing: a redirect would turn a POST into a GET of the list."""
        view: Any = super().as_view(*args, **kwargs)
        view.should_append_slash = False
        return view

    @property
    def user(self) -> User:
        return acting(self.request)

    def read(self, fields: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body as `fields` take it. Raises: ValidationError (400)."""
        wanted = fields(data=self.request.data, context={"request": self.request, "view": self})
        wanted.is_valid(raise_exception=True)
        found: dict[str, Any] = wanted.validated_data
        return found


class Shown(Verbs, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Thing]):
    """One at a time, by its address."""

    def visible(self, user: User) -> models.QuerySet[Thing]:
        """What this person may see; `queryset` unless overridden."""
        return super().get_queryset()

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):  # drf-spectacular asks without a person
            fields: Any = self.serializer_class
            return fields.Meta.model._default_manager.none()
        return self.visible(self.user)

    lookup_value_regex = NUMBER

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.lookup_value_regex = NUMBER if cls.lookup_field == "pk" else SLUG

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.get_object())

    def answer(self, thing: Thing, status: int = 200, **headers: str) -> Response:
        """The thing as it is now in the database, with its ETag."""
        fresh = self.get_queryset().filter(pk=thing.pk).first()
        if fresh is None:  # what they did took it out of their own sight
            return Response(status=204)
        return Response(self.get_serializer(fresh).data, status=status, headers={"ETag": self.etag(fresh), **headers})

    def etag(self, thing: Thing) -> str:
        if isinstance(thing, Versioned):
            return of_version(thing.version)
        fields: Any = self.get_serializer(thing)
        written = [name for name, field in fields.fields.items() if not field.read_only and not field.write_only]
        return of_fields({name: fields.data[name] for name in written or fields.data})

    def changeable(self) -> Thing:
        """The thing of this address, unchanged since If-Match. Raises: Http404, NotAllowed (403), WhichVersion (428), Outdated (412)."""
        thing = self.get_object()
        require(self.may_change(self.user, thing), self.who_changes)
        check(self.request.headers.get("If-Match"), self.etag(thing))
        return thing

    def locked(self, thing: Thing) -> Thing:
        """The same, locked for this transaction and read again. Raises: Http404, Outdated (412)."""
        if not type(thing)._base_manager.select_for_update().filter(pk=thing.pk).order_by("pk").first():  # its own order may join
            raise Http404
        thing = self.get_object()
        check(self.request.headers.get("If-Match"), self.etag(thing))
        return thing

    who_changes = "Your role does not allow that here."

    def may_change(self, user: User, thing: Thing) -> bool:
        return user.at_least(Role.ADMIN)


class Noun(mixins.ListModelMixin, Shown[Thing]):
    """List and show."""


class Creates(Noun[Thing]):
    """POST. Override `add` to call a story; `may_add` is asked with the validated fields."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self.get_serializer(data=request.data)
        require(self.may_add(self.user, None), self.who_changes)
        fields.is_valid(raise_exception=True)
        require(self.may_add(self.user, fields.validated_data), self.who_changes)
        thing = self.add(dict(fields.validated_data))
        return self.answer(thing, 201, Location=self.address(thing))

    def address(self, thing: Thing) -> str:
        key = self.lookup_field
        return reverse(f"api:{self.basename}-detail", kwargs={self.lookup_url_kwarg or key: getattr(thing, key)})

    def may_add(self, user: User, given: dict[str, Any] | None) -> bool:
        """`given` None: may this person add any at all? Asked first, so that nobody without the right learns about fields."""
        return user.at_least(Role.ADMIN)

    def add(self, given: dict[str, Any]) -> Thing:
        model = self.get_queryset().model
        return put(model(), given)  # type: ignore[no-any-return]


class Changes(Noun[Thing]):
    """PUT and PATCH with If-Match. Override `change` to call a story; `may_change` is asked before the body is read, `may_hand_over` after.

    locks_itself: the story takes the version that was seen, locks the row and raises Stale itself, because it does slow work before.
    """

    locks_itself = False

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        thing = self.changeable()
        fields = self.get_serializer(thing, data=request.data, partial=kwargs.get("partial", False))
        fields.is_valid(raise_exception=True)
        given = dict(fields.validated_data)
        require(self.may_hand_over(self.user, thing, given), self.who_changes)
        if self.locks_itself:
            try:
                return self.answer(self.change(thing, given))
            except Stale as refusal:
                raise Outdated(str(refusal)) from refusal
        with transaction.atomic():
            changed = self.change(self.locked(thing), given)
        return self.answer(changed)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **{**kwargs, "partial": True})

    def may_hand_over(self, user: User, thing: Thing, given: dict[str, Any]) -> bool:
        """May they give it what these fields say, another team for example?"""
        return True

    def change(self, thing: Thing, given: dict[str, Any]) -> Thing:
        return put(thing, given)


class Removes(Noun[Thing]):
    """DELETE with If-Match."""

    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.remove(self.locked(self.changeable()))
        return Response(status=204)

    def remove(self, thing: Thing) -> None:
        """Raises: DomainError, other things refer to it."""
        try:
            thing.delete()
        except models.ProtectedError as others:
            raise DomainError("Other things refer to it, so it is kept. Switch it off or rename it instead.", code="in_use") from others


def in_person(request: Request) -> bool:
    """An administrator who is signed in; a token never is, whatever its role."""
    return not isinstance(request.auth, ApiToken) and acting(request).at_least(Role.ADMIN)


class ByAdministrators(Noun[Thing]):
    """Tokens, sources, targets, webhooks and what shows raw requests: reading and writing by an administrator in person."""

    who_changes = "Only an administrator who is signed in may do that; a token never may."

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        require(in_person(request), self.who_changes)


@transaction.atomic
def put(thing: Thing, given: dict[str, Any]) -> Thing:
    """Set, check and save listed fields; a versioned row gets its next version. Raises: ValidationError with a sentence for a broken constraint."""
    many = {field.name for field in thing._meta.many_to_many}
    for name, value in given.items():
        if name not in many:
            setattr(thing, name, value)
    if isinstance(thing, Versioned) and thing.pk:
        thing.version += 1
    thing.full_clean()
    thing.save()
    for name in many & given.keys():
        getattr(thing, name).set(given[name])
    return thing
