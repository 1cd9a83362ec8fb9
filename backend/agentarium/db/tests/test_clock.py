from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import functions

from agentarium.db.clock import Now

User = get_user_model()


@pytest.mark.django_db
def test_a_time_from_the_databases_clock_equals_itself_as_a_parameter() -> None:
    User.objects.create(username="alice")
    User.objects.update(last_login=Now())

    moment = User.objects.get().last_login

    assert User.objects.filter(last_login=moment).exists()
    assert User.objects.filter(last_login__gte=moment).exists()
    assert not User.objects.filter(last_login__lt=moment).exists()


def test_every_default_time_uses_it() -> None:
    defaults: list[Any] = [
        field.db_default
        for model in apps.get_models()
        if model.__module__.startswith("agentarium.")
        for field in model._meta.local_fields
        if isinstance(getattr(field, "db_default", None), functions.Now)
    ]

    assert {type(default) for default in defaults} == {Now}
