"""The synchronous site: Django behind WhiteNoise, which serves the static files."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")

import django
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from whitenoise import WhiteNoise

from agentarium.http.request_bounds import SiteHandler

django.setup(set_prefix=False)
site = SiteHandler()


def _is_immutable(_path: str, url: str) -> bool:
    """Whether a file never changes: Vite puts a hash of the content into each name."""
    return url.startswith("/assets/")


application = WhiteNoise(site, max_age=3600, immutable_file_test=_is_immutable)
application.add_files(settings.PAGE_ROOT / "assets", prefix="assets/")
for storage in AppDirectoriesFinder().storages.values():
    application.add_files(storage.location, prefix=settings.STATIC_URL)
