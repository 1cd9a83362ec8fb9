from django.conf import settings

# Without a Redis there is nothing that could fall silent.
collect_ignore = [] if settings.REDIS_URL else ["test_silent_redis.py"]
