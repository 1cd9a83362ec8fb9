"""The settings, and the only code that reads the environment.

`.env.example` lists every variable.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentarium.config.databases import database, database_url
from agentarium.config.environment import Environment
from agentarium.config.logs import FORMATS, LEVELS, logging_config
from agentarium.config.unknown_variables import unknown_variables
from agentarium.core.url_validation import (
    broker_url,
    host_name,
    http_url,
    public_url,
    redis_of_broker,
    redis_url,
)
from agentarium.runtime.prices import Price, prices_of_servers, read_prices
from agentarium.runtime.providers import PROVIDERS as PROVIDER_SPECS
from agentarium.runtime.providers.catalogue import BUILT_IN_PROVIDERS, model_name
from agentarium.runtime.providers.declared import DeclaredServer, read_servers

env = Environment()
PACKAGE = Path(__file__).resolve().parent.parent

# --- Address and data ------------------------------------------------------------

HOST: str = env.str("AGENTARIUM_HOST", "127.0.0.1")
PORT: int = env.number("AGENTARIUM_PORT", 8000, most=65_535)
DATA = env.folder("AGENTARIUM_DATA", "data")
LOCAL_URL = f"http://[{HOST}]:{PORT}" if ":" in HOST else f"http://{HOST}:{PORT}"
# The URL that people type into the browser. With https, cookies are secure and HSTS is on.
PUBLIC_URL: str = env.read("AGENTARIUM_URL", LOCAL_URL, public_url)
HTTPS = PUBLIC_URL.startswith("https://")
DEBUG: bool = env.bool("AGENTARIUM_DEBUG", False)
SECRET_KEY_FILE = DATA / "secret_key"
SECRET_KEY: str = env.secret("AGENTARIUM_SECRET_KEY", SECRET_KEY_FILE)
IS_SECRET_KEY_OWN = not env.is_set("AGENTARIUM_SECRET_KEY")
SECRET_KEY_FALLBACKS: list[str] = env.list("AGENTARIUM_SECRET_KEY_FALLBACKS", str, [])

# --- Other services --------------------------------------------------------------

# Without a broker, the runner is part of the web process, and no service is needed.
BROKER_URL: str = env.read("AGENTARIUM_BROKER_URL", "", broker_url)
EMBEDDED = not BROKER_URL
# For live output and rate limits across processes. It holds nothing durable.
REDIS_URL: str = env.read(
    "AGENTARIUM_REDIS_URL", redis_of_broker(BROKER_URL), redis_url
)
# The prefix of keys and channels in Redis. Channels are not separated by database number,
# so only the prefix separates installations that share a Redis.
REDIS_PREFIX: str = env.str("AGENTARIUM_REDIS_PREFIX", "agentarium")
DATABASES = {
    "default": database(
        env.read("DATABASE_URL", "", database_url), DATA / "agentarium.sqlite3"
    )
}
# Each process has its own: a shared cache would be another service that can fail.
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    }
}

# --- Limits ----------------------------------------------------------------------

REGISTRATION_OPEN: bool = env.bool("AGENTARIUM_REGISTRATION_OPEN", True)
MAX_INPUT_CHARS: int = env.number("AGENTARIUM_MAX_INPUT_CHARS", 100_000, least=1)
# Pending tasks of one user, and of one agent. 0 means no limit.
MAX_PENDING_PER_USER: int = env.int("AGENTARIUM_MAX_PENDING_PER_USER", 10_000)
MAX_PENDING_PER_AGENT: int = env.int("AGENTARIUM_MAX_PENDING_PER_AGENT", 0)
# Running tasks of one user, and of one agent. 0 means no limit.
MAX_RUNNING_PER_USER: int = env.int("AGENTARIUM_MAX_RUNNING_PER_USER", 100)
MAX_RUNNING_PER_AGENT: int = env.int("AGENTARIUM_MAX_RUNNING_PER_AGENT", 0)
# What one user may have. 0 means no limit. An operator can set other limits for a user.
MAX_API_TOKENS_PER_USER: int = env.int("AGENTARIUM_MAX_API_TOKENS_PER_USER", 100)
MAX_AGENTS_PER_USER: int = env.int("AGENTARIUM_MAX_AGENTS_PER_USER", 1000)
MAX_HTTP_TOOLS_PER_USER: int = env.int("AGENTARIUM_MAX_HTTP_TOOLS_PER_USER", 200)
MAX_MCP_SERVERS_PER_USER: int = env.int("AGENTARIUM_MAX_MCP_SERVERS_PER_USER", 50)
MAX_STORED_MB_PER_USER: int = env.int("AGENTARIUM_MAX_STORED_MB_PER_USER", 5000)
# Streams and downloads that one user has open in one web process. 0 means no limit.
MAX_STREAMS_PER_USER: int = env.number("AGENTARIUM_MAX_STREAMS_PER_USER", 50, least=0)
THROTTLE_RATES: dict[str, str] = {
    "user": env.str("AGENTARIUM_RATE_USER", "1200/min"),
    "user_token": env.str("AGENTARIUM_RATE_TOKEN", "1200/min"),
    "anonymous": env.str("AGENTARIUM_RATE_ANONYMOUS", "60/min"),
    "login": env.str("AGENTARIUM_RATE_LOGIN", "10/min"),
}
# Concurrent requests, not counting streams. Requests that wait for a commit share it, so
# more threads are better. On PostgreSQL each thread has a connection.
WEB_THREADS: int = env.number(
    "AGENTARIUM_WEB_THREADS",
    32 if DATABASES["default"]["ENGINE"].endswith("sqlite3") else 16,
    least=1,
)
# Connections of clients to one process, and those of one address among them. 0 derives
# them from the number of files that the process may open.
MAX_CONNECTIONS: int = env.number("AGENTARIUM_MAX_CONNECTIONS", 0)
MAX_CONNECTIONS_PER_ADDRESS: int = env.number(
    "AGENTARIUM_MAX_CONNECTIONS_PER_ADDRESS", 0
)
# How long a statement of a request waits for a lock, and how long it takes, on PostgreSQL.
# 0 means no limit.
REQUEST_LOCK_SECONDS: float = env.number("AGENTARIUM_REQUEST_LOCK_SECONDS", 5.0)
REQUEST_STATEMENT_SECONDS: float = env.number(
    "AGENTARIUM_REQUEST_STATEMENT_SECONDS", 10.0
)
# Requests that wait for other servers, as "method path", have threads of their own. However
# slow those servers are, they delay no other request.
WAITING_REQUESTS = re.compile(
    r"POST /api/http-tools/[^/]+/test/|POST /api/mcp-servers/[^/]+/refresh/"
    r"|GET /api/(models|providers)/"
)
WAITING_THREADS = 16
# How long requests and streams wait for one answer of PostgreSQL. 0 means no limit. Longer
# than a statement may take, so that the server ends a slow one first.
DATABASE_ANSWER_SECONDS: float = env.number("AGENTARIUM_DATABASE_ANSWER_SECONDS", 15.0)
# Host names that requests may use in addition to that of the public URL.
EXTRA_HOSTS: list[str] = env.read_list("AGENTARIUM_ALLOWED_HOSTS", host_name)
# The number of reverse proxies in front. X-Forwarded-For is ignored if it is 0.
TRUSTED_PROXIES: int = env.int("AGENTARIUM_TRUSTED_PROXIES", 0)

# Internal networks, addresses and hosts that tools and webhooks may reach.
OUTBOUND_ALLOW: list[str] = env.list("AGENTARIUM_OUTBOUND_ALLOW", str, [])
# MCP servers that run as programs on this machine: name -> command, args, env, cwd,
# open_to ("staff" or "all").
MCP_STDIO: dict[str, dict[str, Any]] = env.json("AGENTARIUM_MCP_STDIO", {})

# --- Running tasks ---------------------------------------------------------------

WORKER_CAPACITY: int = env.number("AGENTARIUM_WORKER_CAPACITY", 1000, least=1)
LEASE_SECONDS: float = env.number("AGENTARIUM_LEASE_SECONDS", 10.0, least=1)
# Calls of one model for one response, if its errors are transient.
MODEL_TRIES: int = env.number("AGENTARIUM_MODEL_TRIES", 4, least=1)
MAX_TOOL_RESULT_CHARS: int = env.number(
    "AGENTARIUM_MAX_TOOL_RESULT_CHARS", 50_000, least=1
)
# The maximum depth of agents that call each other.
MAX_AGENT_DEPTH: int = env.int("AGENTARIUM_MAX_AGENT_DEPTH", 5)
# The tasks of one task tree, the first one included, and the children and tool calls of
# one response of a model. 0 means no limit.
MAX_TASKS_PER_TREE: int = env.number("AGENTARIUM_MAX_TASKS_PER_TREE", 100)
MAX_CHILDREN_PER_STEP: int = env.number("AGENTARIUM_MAX_CHILDREN_PER_STEP", 16)
MAX_TOOL_CALLS_PER_STEP: int = env.number("AGENTARIUM_MAX_TOOL_CALLS_PER_STEP", 64)
# A tool call that waits this long for a person is rejected. 0 means never.
APPROVAL_SECONDS: int = env.int("AGENTARIUM_APPROVAL_SECONDS", 604_800)
MAX_ATTEMPTS: int = env.number("AGENTARIUM_MAX_ATTEMPTS", 3, least=1)
# How long the log of a task is kept after its end. 0 means forever.
KEEP_EVENTS_DAYS: int = env.int("AGENTARIUM_KEEP_EVENTS_DAYS", 90)
STOP_GRACE_SECONDS: float = env.float("AGENTARIUM_STOP_GRACE_SECONDS", 10.0)

# --- Observability ---------------------------------------------------------------

# The bearer token for `/metrics`. Staff may read it without.
METRICS_TOKEN: str = env.str("AGENTARIUM_METRICS_TOKEN", "")
# The port on which worker processes serve their metrics. 0 means none.
WORKER_METRICS_PORT: int = env.number("AGENTARIUM_WORKER_METRICS_PORT", 0, most=65_535)
# Traces are sent to it over HTTP. Without it there are none.
OTLP_ENDPOINT: str = env.read("OTEL_EXPORTER_OTLP_ENDPOINT", "", http_url)
OTEL_SERVICE: str = env.str("OTEL_SERVICE_NAME", "agentarium")

LOG_LEVEL = env.choice("AGENTARIUM_LOG_LEVEL", "INFO", LEVELS)
LOG_FORMAT = env.choice("AGENTARIUM_LOG_FORMAT", "auto", FORMATS)

# --- Models ----------------------------------------------------------------------

# Servers with OpenAI's API that the operator declares, each a provider of its own.
_SERVERS: list[DeclaredServer] = env.read_text("AGENTARIUM_PROVIDERS", read_servers)
# Provider name -> its key and base URL, empty if not set, and its headers.
PROVIDERS: dict[str, dict[str, Any]] = {
    spec.name: {
        "api_key": env.first(spec.key_variable, spec.other_key_variable),
        "base_url": env.first(spec.url_variable, spec.other_url_variable),
    }
    for spec in PROVIDER_SPECS.values()
    if spec.name in BUILT_IN_PROVIDERS
}
for _server in _SERVERS:
    PROVIDER_SPECS[_server.spec.name] = _server.spec
    PROVIDERS[_server.spec.name] = {
        "api_key": _server.key
        or (env.str(_server.key_variable, "") if _server.key_variable else ""),
        "base_url": _server.url,
        "headers": _server.headers,
    }
# Whether agents may have parameters of model calls that Agentarium does not know.
EXTRA_BODY: bool = env.bool("AGENTARIUM_EXTRA_BODY", True)
BUILTIN_MODEL_WEIGHTS: str = env.str("AGENTARIUM_BUILTIN_MODEL_WEIGHTS", "")
BUILTIN_MODEL_THREADS: int = env.int("AGENTARIUM_BUILTIN_MODEL_THREADS", 0)
DEFAULT_MODEL: str = env.read("AGENTARIUM_DEFAULT_MODEL", "", model_name)
# Prices that are not published, or that differ from the published ones.
PRICES: dict[str, Price] = {
    **env.read_text("AGENTARIUM_PROVIDERS", prices_of_servers),
    **env.parsed("AGENTARIUM_PRICES", read_prices),
}

# --- Django ----------------------------------------------------------------------

_public_host = urlsplit(PUBLIC_URL).hostname or HOST
ALLOWED_HOSTS: list[str] = [
    *EXTRA_HOSTS,
    _public_host,
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "agentarium.config.urls"
WSGI_APPLICATION = "agentarium.config.wsgi.application"
ASGI_APPLICATION = "agentarium.config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "static/"
PAGE_ROOT = PACKAGE / "page"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
LOGGING_CONFIG = None
LOGGING = logging_config(level=LOG_LEVEL, log_format=LOG_FORMAT)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "agentarium.core",
    "agentarium.accounts",
    "agentarium.providers",
    "agentarium.tools",
    "agentarium.agents",
    "agentarium.tasks",
    "agentarium.streaming",
    "agentarium.operations",
]
MIDDLEWARE = [
    "agentarium.observability.request_log.RequestLogMiddleware",
    "agentarium.http.request_scheme.RequestSchemeMiddleware",
    "agentarium.observability.request_metrics.RequestMetricsMiddleware",
    "agentarium.observability.tracing.TracingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "agentarium.http.security_headers.SecurityHeadersMiddleware",
    "agentarium.http.request_bounds.RequestBoundsMiddleware",
    "agentarium.http.rate_limits.RateLimitHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "agentarium.http.admin_messages.AdminMessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
PASSWORD_HASHERS = ["agentarium.accounts.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- Security --------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
# `RequestSchemeMiddleware` decides whether a request came over TLS.
SECURE_SSL_HOST = urlsplit(PUBLIC_URL).netloc
SECURE_HSTS_SECONDS: int = env.int(
    "AGENTARIUM_HSTS_SECONDS", 31_536_000 if HTTPS else 0
)
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool(
    "AGENTARIUM_HSTS_INCLUDE_SUBDOMAINS", False
)
SECURE_HSTS_PRELOAD: bool = env.bool("AGENTARIUM_HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = [
    # HSTS for all subdomains, and preloading, would affect other sites of the operator's
    # domain, and take years to undo. Only the operator can decide that.
    "security.W005",
    "security.W021",
]
# Probes and Prometheus call the process itself, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "agentarium.http.problems.csrf_failure"

# --- The API ---------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "agentarium.accounts.api.authentication.ApiTokenAuthentication",
        "agentarium.accounts.api.authentication.AccessTokenAuthentication",
        "agentarium.accounts.api.authentication.PageSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "agentarium.accounts.api.permissions.TokenHasScope",
        "agentarium.http.permissions.IsOwner",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "agentarium.accounts.api.throttles.CallerThrottle",
    ],
    "DEFAULT_FILTER_BACKENDS": [
        "agentarium.http.filters.StrictFilterBackend",
        "agentarium.http.filters.WordSearch",
        "agentarium.http.filters.StrictOrdering",
    ],
    "DEFAULT_PAGINATION_CLASS": "agentarium.http.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "agentarium.http.schema.ProblemAutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["agentarium.http.parsers.BoundedJSONParser"],
    "DEFAULT_METADATA_CLASS": "agentarium.http.metadata.AllowedMethods",
    "EXCEPTION_HANDLER": "agentarium.http.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    # A password change revokes the tokens issued before.
    "CHECK_REVOKE_TOKEN": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Agentarium",
    "DESCRIPTION": "Run AI agents as tracked background tasks.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "EffectEnum": "agentarium.tools.models.Effect",
        "ToolChangeKindEnum": "agentarium.tools.api.mcp_serializers.CHANGE_KINDS",
        "TaskStatusEnum": "agentarium.tasks.models.AgentTask.Status",
        "ToolCallStatusEnum": "agentarium.tasks.models.ToolCall.Status",
        "ToolKindEnum": "agentarium.tools.models.ToolKind",
    },
}

# --- Validation ------------------------------------------------------------------

# Complete, because everything above has been read.
KNOWN_VARIABLES = frozenset(env.known)
# Name -> the known name that was probably meant, or "".
UNKNOWN_VARIABLES = dict(unknown_variables(os.environ, KNOWN_VARIABLES))
env.exit_if_invalid()
