from django.db import connection

# SQLite has no server that could fall silent.
collect_ignore = [] if connection.vendor == "postgresql" else ["test_silence.py"]
