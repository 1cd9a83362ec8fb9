"""How passwords are stored."""

import os
import threading

from django.contrib.auth import hashers

from agentarium.db.sqlite_gate import sqlite_gate

# Each takes 100 MB and a core for a tenth of a second, by design: many at once would
# take a server's memory, and none would be done sooner.
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Django's own; other requests are answered meanwhile."""

    def encode(self, password: str, salt: str) -> str:
        with sqlite_gate.yield_while_waiting(), _slots:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with sqlite_gate.yield_while_waiting(), _slots:
            return super().verify(password, encoded)
