"""Messages of the admin, which alone shows any."""

from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest


class AdminMessageMiddleware(MessageMiddleware):
    """Spares all other requests the making of a storage."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path.startswith("/admin/"):
            super().process_request(request)
