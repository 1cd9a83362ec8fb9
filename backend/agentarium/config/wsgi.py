"""The synchronous site: Django, and the files of the page and the admin before it."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")

import django
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from whitenoise import WhiteNoise

from agentarium.core.handler import Handler

django.setup(set_prefix=False)


def _is_immutable(_path: str, url: str) -> bool:
    """Vite puts a hash of the content into each name."""
    return url.startswith("/assets/")


application = WhiteNoise(Handler(), max_age=3600, immutable_file_test=_is_immutable)
application.add_files(settings.PAGE_ROOT / "assets", prefix="assets/")
for storage in AppDirectoriesFinder().storages.values():
    application.add_files(storage.location, prefix=settings.STATIC_URL)
