"""Serves the page's HTML file at every URL that the page routes itself."""

from http import HTTPStatus
from pathlib import PurePosixPath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

NOT_BUILT = (
    "The page has not been built yet: run `make page`. The API is at /api/docs/.\n"
)


@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """The page, with the CSRF cookie that signing in requires.

    A URL with a file suffix is a 404: an HTML page in place of an old script would only
    confuse the browser.
    """
    if PurePosixPath(request.path).suffix:
        raise Http404
    try:
        html = (settings.PAGE_ROOT / "index.html").read_bytes()
    except FileNotFoundError:
        return HttpResponse(
            NOT_BUILT, status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain"
        )
    # Revalidate it: the names of its scripts change with every build.
    return HttpResponse(html, headers={"Cache-Control": "no-cache"})
