"""Why a task failed or was cancelled: a closed set, and a public contract."""

from django.db.models import TextChoices

from agentarium.runtime.providers.base import ProviderErrorCode


class ErrorCode(TextChoices):
    """The codes of tasks that failed or were cancelled.

    The codes of provider failures are defined by the runtime, which does not use Django.
    """

    CANCELLED = "cancelled"
    AGENT_DELETED = "agent_deleted"
    FAILED_BY_OPERATOR = "failed_by_operator"
    WORKER_LOST = "worker_lost"
    TOOL_OUTCOME_UNKNOWN = "tool_outcome_unknown"
    TOOL_NOT_ALLOWED = "tool_not_allowed"
    TIMEOUT = "timeout"
    MAX_STEPS = "max_steps"
    NOT_STORABLE = "not_storable"
    INTERNAL_ERROR = "internal_error"
    PROVIDER_AUTH = ProviderErrorCode.AUTH.value
    PROVIDER_RATE_LIMITED = ProviderErrorCode.RATE_LIMITED.value
    PROVIDER_UNAVAILABLE = ProviderErrorCode.UNAVAILABLE.value
    PROVIDER_TIMEOUT = ProviderErrorCode.TIMEOUT.value
    PROVIDER_BAD_REQUEST = ProviderErrorCode.BAD_REQUEST.value
    PROVIDER_PROTOCOL = ProviderErrorCode.PROTOCOL.value
    CONTEXT_TOO_LONG = ProviderErrorCode.CONTEXT_TOO_LONG.value
    PROVIDER_NO_CREDIT = ProviderErrorCode.NO_CREDIT.value
    TOOLS_NOT_SUPPORTED = ProviderErrorCode.TOOLS_NOT_SUPPORTED.value
    UNSUPPORTED_PARAMETER = ProviderErrorCode.UNSUPPORTED_PARAMETER.value
    PROVIDER_CERTIFICATE = ProviderErrorCode.CERTIFICATE.value
    MODEL_NOT_FOUND = ProviderErrorCode.MODEL_NOT_FOUND.value
    MODEL_UNAVAILABLE = ProviderErrorCode.MODEL_UNAVAILABLE.value
