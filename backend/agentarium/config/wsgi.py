"""The synchronous site: Django behind WhiteNoise, which serves the static files."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

site = get_wsgi_application()


def _is_immutable(_path: str, url: str) -> bool:
    """Whether a file never changes: Vite puts a hash of the content into each name."""
    return url.startswith("/assets/")


application = WhiteNoise(site, max_age=3600, immutable_file_test=_is_immutable)
application.add_files(settings.PAGE_ROOT / "assets", prefix="assets/")
for storage in AppDirectoriesFinder().storages.values():
    application.add_files(storage.location, prefix=settings.STATIC_URL)
