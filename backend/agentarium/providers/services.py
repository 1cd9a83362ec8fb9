"""What can be called here and now."""

from django.conf import settings

BUILTIN_MODEL = "builtin:smollm2-135m-instruct"


def default_model() -> str:
    """The model of an agent that names none."""
    if settings.DEFAULT_MODEL:
        return str(settings.DEFAULT_MODEL)
    has_key = settings.PROVIDERS["openai"]["api_key"]
    return "openai:gpt-4o-mini" if has_key else BUILTIN_MODEL
