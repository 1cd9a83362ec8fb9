"""What a person defines once and runs often, and the snapshots that tasks point at."""

from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from agentarium.accounts.models import User
from agentarium.core.clock import Now

MAX_INSTRUCTIONS_CHARS = 100_000
MAX_NAME_CHARS = 100


class Definition(models.Model):
    """What decides how an agent answers: the same columns now and in each version."""

    instructions = models.TextField(
        blank=True,
        max_length=MAX_INSTRUCTIONS_CHARS,
        help_text="The system prompt.",
    )
    model = models.CharField(
        max_length=200, help_text="`provider:model`; a bare name is OpenAI's."
    )
    temperature = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
        help_text="0 to 2; null leaves it to the provider.",
    )
    max_output_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="Limit of one model response; null leaves it to the provider.",
    )
    timeout = models.PositiveIntegerField(
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Seconds that one attempt may take.",
    )
    step_timeout = models.PositiveIntegerField(
        default=300,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Seconds that one model response may take.",
    )
    max_steps = models.PositiveIntegerField(
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Model responses that one task may take.",
    )
    fallback_models = models.JSONField(
        default=list,
        blank=True,
        help_text="Models to ask, in order, when the one before does not answer.",
    )
    tools = models.JSONField(
        default=list, blank=True, help_text="What it may call, with settings."
    )

    class Meta:
        abstract = True


DEFINITION_FIELDS = (
    "instructions",
    "model",
    "temperature",
    "max_output_tokens",
    "timeout",
    "step_timeout",
    "max_steps",
    "fallback_models",
    "tools",
)


class AgentQuerySet(models.QuerySet["Agent"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)

    def kept(self) -> Self:
        """Without those that were deleted."""
        return self.filter(deleted_at__isnull=True)


class Agent(Definition):
    """A named definition that its owner runs.

    Deleting one only hides it: its tasks are a record, and keep their agent.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="agents", db_index=False
    )
    name = models.CharField(max_length=MAX_NAME_CHARS)
    description = models.CharField(max_length=500, blank=True)
    version = models.PositiveIntegerField(
        default=1, help_text="Number of the version that a new task runs."
    )
    # Counted up as tasks are submitted: a list never counts them.
    tasks_count = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"], name="agent_owner_created"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def definition(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in DEFINITION_FIELDS}


class AgentVersionQuerySet(models.QuerySet["AgentVersion"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(agent__owner=user)


class AgentVersion(Definition):
    """An immutable snapshot of an agent's definition; a task points at the one it runs."""

    agent = models.ForeignKey(
        Agent, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    objects = AgentVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "number"], name="agent_version_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}#{self.number}"
