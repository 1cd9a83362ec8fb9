"""The same stack, put together as usual.

Django, REST framework and Celery on PostgreSQL and Redis: a row per task, a job that
is sent when the row is committed, and three queries for its start and end. There are
no steps, events, leases, limits, costs or live output. A task whose worker dies runs
again, or stays running forever.

    python -m bench.baselines.plain web|worker
"""
