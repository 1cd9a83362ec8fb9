"""Who may touch an object: the second line behind owner-scoped querysets."""

from typing import Any

from django.http import Http404
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsStaff(BasePermission):
    """For those who look after the server, whoever owns what it shows."""

    code = "staff_only"
    message = "This is for the staff of this server."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.is_staff


class IsOwner(BasePermission):
    """An object is its owner's alone, for reading too, and missing for others.

    Staff is no exception in the API; it has the admin. An object without an owner
    belongs to nobody, unless its view says otherwise with `owner_of(object)`.
    """

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        owner_of = getattr(view, "owner_of", _owner_id)
        if request.user.pk is None or owner_of(obj) != request.user.pk:
            raise Http404
        return True


def _owner_id(obj: Any) -> int | None:
    return getattr(obj, "owner_id", None)
