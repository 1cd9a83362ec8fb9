"""Transactions that are repeated when PostgreSQL has ended them for the sake of others."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog
from django.db import OperationalError, connection, transaction

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 4
# PostgreSQL's codes: a serialization failure, a deadlock. Nothing has been stored.
_CONFLICTS = frozenset({"40001", "40P01"})


def is_conflict(error: BaseException) -> bool:
    """Whether the transaction was rolled back because of another one, and may be repeated."""
    return getattr(error.__cause__, "sqlstate", None) in _CONFLICTS


def atomic(function: Callable[P, R]) -> Callable[P, R]:
    """`transaction.atomic`, for functions that are safe to repeat from the beginning.

    After a deadlock or a serialization failure, the function runs again, up to `TRIES`
    times in all. Inside another transaction that is left to the outermost function:
    the whole transaction has been rolled back.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 1 if connection.in_atomic_block else TRIES
        while True:
            tries -= 1
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if not tries or not is_conflict(error):
                    raise
                log.warning("transaction.repeated", function=function.__qualname__)

    return run
