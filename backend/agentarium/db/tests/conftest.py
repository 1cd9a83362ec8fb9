from django.db import connection

# SQLite has no server that could fall silent and no pooler, PostgreSQL no log file.
collect_ignore = {
    "postgresql": ["test_wal.py"],
    "sqlite": ["test_poolers.py", "test_silence.py"],
}[connection.vendor]
