"""How passwords are stored."""

import os
import threading

from django.contrib.auth import hashers

from agentarium.db.sqlite_gate import sqlite_gate

# Each hash takes 100 MB and a core for a tenth of a second, by design. More than one for
# each core would only use more memory.
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Django's hasher, which lets other requests pass the SQLite gate meanwhile."""

    def encode(self, password: str, salt: str) -> str:
        with sqlite_gate.yield_while_waiting(), _slots:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with sqlite_gate.yield_while_waiting(), _slots:
            return super().verify(password, encoded)
