"""Structured logs: JSON lines in production, colored text on a terminal."""

import logging.config
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict

from agentarium.runtime.masking.mask import current_mask

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("auto", "json", "console")


def mask_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    """Mask the secrets of the execution that logs, also in its exceptions."""
    mask = current_mask.get()
    if not mask:
        return event
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(None, "", event)
    return {
        name: mask.apply(value) if isinstance(value, str) else value
        for name, value in event.items()
    }


PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    mask_secrets,
    structlog.processors.format_exc_info,
]


def _json(line: Any, **options: Any) -> str:
    """orjson takes a tenth of the standard library's time, and each request is logged."""
    return orjson.dumps(line, **options).decode()


def logging_config(*, level: str, log_format: str) -> dict[str, Any]:
    """Set up structlog and the standard library to log lines to stderr.

    `log_format` is `json`, `console`, or `auto`: console on a terminal, else JSON.
    """
    is_console = log_format == "console" or (
        log_format == "auto" and sys.stderr.isatty()
    )
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if is_console
        else structlog.processors.JSONRenderer(_json)
    )
    # The console renderer formats exceptions itself.
    processors = PROCESSORS[:-1] if is_console else PROCESSORS
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": processors,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The request log has the same, and more.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "WARNING"},
            "uvicorn.access": {"level": "WARNING"},
            # Two lines for each wake-up.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
        },
    }
    logging.config.dictConfig(config)
    return config
