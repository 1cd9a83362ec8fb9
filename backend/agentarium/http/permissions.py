"""Permissions on objects: a second check behind the querysets' `visible_to`."""

from typing import Any

from django.http import Http404
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsStaff(BasePermission):
    """For staff only, regardless of the owner."""

    code = "staff_only"
    message = "Only staff accounts of this server may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.is_staff


class IsOwner(BasePermission):
    """Only its owner may read or change an object. For others it does not exist.

    Staff are no exception in the API: they have the admin. No one may access an object
    without an owner, unless its view defines `owner_of(object)`.
    """

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        owner_of = getattr(view, "owner_of", _owner_id)
        if request.user.pk is None or owner_of(obj) != request.user.pk:
            raise Http404
        return True


def _owner_id(obj: Any) -> int | None:
    return getattr(obj, "owner_id", None)
