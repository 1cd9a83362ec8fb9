"""What the same stack costs as it is usually put together.

Django, REST framework and Celery on PostgreSQL and Redis: a row for each task, a job
that is sent when the row is committed, and three queries for its start and its end.
There are no steps, events, leases, limits, costs or live output; a task whose worker
dies is done again, or waits for ever.

    python -m bench.baselines.plain web|worker
"""
