from django.db import connection

# SQLite has no server that could fall silent, and no pooler.
collect_ignore = (
    [] if connection.vendor == "postgresql" else ["test_poolers.py", "test_silence.py"]
)
