"""Agents, and the immutable versions of their definitions, which tasks run."""

from collections.abc import Collection, Sequence
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Greatest

from agentarium.accounts.models import User
from agentarium.db.clock import Now, UpdatedAtField
from agentarium.db.whole_rows import WholeRowsQuerySet
from agentarium.providers.services import default_model
from agentarium.tools.models import ProtectionChange

MAX_INSTRUCTIONS_CHARS = 100_000
MAX_NAME_CHARS = 100
MAX_DESCRIPTION_CHARS = 10_000
DEFAULT_TEMPERATURE = 0.7


class ReasoningEffort(models.TextChoices):
    """How long a model thinks. Providers map it to what their models have."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class Definition(models.Model):
    """The settings of an agent that are versioned; columns of `Agent` and `AgentVersion`."""

    instructions = models.TextField(
        blank=True,
        max_length=MAX_INSTRUCTIONS_CHARS,
        help_text="The system prompt.",
    )
    model = models.CharField(
        max_length=200,
        default=default_model,
        help_text="`provider:model`; a bare name is OpenAI's.",
    )
    temperature = models.FloatField(
        default=DEFAULT_TEMPERATURE,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
        help_text="0 to 2; null for the provider's default.",
    )
    max_output_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="Limit of one model response; null for the provider's default.",
    )
    top_p = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Nucleus sampling, 0 to 1; null for the provider's default.",
    )
    reasoning_effort = models.CharField(
        max_length=16,
        choices=ReasoningEffort.choices,
        blank=True,
        default="",
        db_default="",
        help_text="How long the model thinks; empty for the provider's default.",
    )
    seed = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2**31 - 1)],
        help_text="For answers that repeat, as far as the provider can.",
    )
    stop = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        help_text="Texts at which the model stops.",
    )
    parallel_tool_calls = models.BooleanField(
        null=True,
        blank=True,
        help_text="Whether one response may call several tools; null for the "
        "provider's default.",
    )
    extra_body = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="More parameters of the provider's API, as a JSON object.",
    )
    timeout = models.PositiveIntegerField(
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Maximum duration of an attempt, in seconds.",
    )
    step_timeout = models.PositiveIntegerField(
        default=300,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text="Maximum duration of a model response, in seconds.",
    )
    max_steps = models.PositiveIntegerField(
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Maximum number of model responses of a task.",
    )
    fallback_models = models.JSONField(
        default=list,
        blank=True,
        help_text="Models to call, in order, if the previous one is unavailable.",
    )
    tools = models.JSONField(
        default=list, blank=True, help_text="Tools that it may call, with settings."
    )

    class Meta:
        abstract = True

    @property
    def definition(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in DEFINITION_FIELDS}


DEFINITION_FIELDS = (
    "instructions",
    "model",
    "temperature",
    "max_output_tokens",
    "top_p",
    "reasoning_effort",
    "seed",
    "stop",
    "parallel_tool_calls",
    "extra_body",
    "timeout",
    "step_timeout",
    "max_steps",
    "fallback_models",
    "tools",
)


class AgentQuerySet(WholeRowsQuerySet["Agent"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)

    def kept(self) -> Self:
        """Agents that are not deleted."""
        return self.filter(deleted_at__isnull=True)

    def before_insert(self, rows: Sequence["Agent"], *, is_raw: bool) -> None:
        for agent in rows:
            agent.model = agent.model or default_model()
            # A copied instance has the original's count. A fixture may hold tasks before
            # their agent; the tasks that follow it are counted when they are inserted.
            agent.tasks_count = agent.tasks.count() if is_raw and agent.pk else 0

    def after_insert(self, rows: Sequence["Agent"], *, is_raw: bool) -> None:
        AgentVersion.objects.bulk_create(
            (
                AgentVersion(
                    agent_id=agent.pk, number=agent.version, **agent.definition
                )
                for agent in rows
            ),
            # A fixture may hold the versions before their agent.
            ignore_conflicts=is_raw,
        )

    def after_update(self, keys: Collection[int]) -> None:
        if keys:
            AgentVersion.objects.record(keys)

    def update(self, **changes: Any) -> int:
        """Creates the next versions of changed definitions; `bulk_update` uses it, too."""
        if not changes.keys() & set(DEFINITION_FIELDS):
            return super().update(**changes)
        with transaction.atomic(using=self.db, savepoint=False):
            ids = list(self.order_by("pk").values_list("pk", flat=True))
            count = super().update(**changes)
            AgentVersion.objects.record(ids)
        return count

    update.alters_data = True  # type: ignore[attr-defined]


class Agent(Definition):
    """A named definition that its owner runs.

    Deleting an agent only hides it, because its tasks are kept and refer to it.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="agents", db_index=False
    )
    name = models.CharField(max_length=MAX_NAME_CHARS)
    description = models.TextField(max_length=MAX_DESCRIPTION_CHARS, blank=True)
    version = models.PositiveIntegerField(
        default=1, help_text="Number of the current version, which new tasks run."
    )
    # Incremented when a task is submitted, so that lists need not count tasks.
    tasks_count = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = UpdatedAtField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"], name="agent_owner_created"
            ),
            # Counted before an agent is created, however many were deleted.
            models.Index(
                fields=["owner"],
                name="agent_kept",
                condition=models.Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def _do_update(  # type: ignore[override]
        self,
        base_qs: Any,
        using: Any,
        pk_val: Any,
        values: Any,
        update_fields: Any,
        forced_update: Any,
    ) -> Any:
        """Save changes; a change of the definition creates the next version.

        Concurrent increments of `tasks_count` and `version` are kept.
        """
        # `update_fields` is the caller's, unless there are deferred fields: then Django
        # passes the names of all loaded fields.
        is_explicit = update_fields and not self.get_deferred_fields()
        saved = [value for value in values if is_explicit or _is_saved(value[0])]
        names = {field.name for field, _, _ in saved}
        with transaction.atomic(using=using, savepoint=False):
            updated: Any = super()._do_update(  # type: ignore[call-arg]
                base_qs,
                using,
                pk_val,
                [_never_decrease(*value) for value in saved],
                update_fields,
                forced_update,
            )
            if updated and names & {"version", *DEFINITION_FIELDS}:
                AgentVersion.objects.record([pk_val])
                numbers = Agent.objects.filter(pk=pk_val)
                self.version = numbers.values_list("version", flat=True).get()
        return updated


def _is_saved(field: Any) -> bool:
    """Whether a full save writes the field; the database maintains `tasks_count`."""
    return bool(field.name != "tasks_count")


def _never_decrease(field: Any, model: Any, value: Any) -> tuple[Any, Any, Any]:
    """Keeps the version's number if another transaction has increased it meanwhile."""
    if field.name != "version" or hasattr(value, "resolve_expression"):
        return field, model, value
    return field, model, Greatest(F("version"), Value(value))


class AgentVersionQuerySet(models.QuerySet["AgentVersion"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(agent__owner=user)

    def record(self, agent_ids: Collection[int]) -> None:
        """Create the missing versions of agents, and the next ones of changed agents.

        The caller has locked the agents' rows by writing to them.
        """
        versions = self.filter(agent__in=agent_ids)
        current = {
            version.agent_id: version.definition
            for version in versions.filter(number=F("agent__version"))
        }
        for agent in Agent.objects.filter(pk__in=agent_ids).order_by("pk"):
            if agent.pk in current:
                if agent.definition == current[agent.pk]:
                    continue
                last = versions.filter(agent=agent).aggregate(Max("number"))
                agent.version = last["number__max"] + 1
                Agent.objects.filter(pk=agent.pk).update(version=agent.version)
            self.create(agent=agent, number=agent.version, **agent.definition)


class AgentVersion(Definition):
    """An immutable snapshot of an agent's definition; a task refers to the one it runs."""

    agent = models.ForeignKey(
        Agent, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    # Set by `add_changes`: what lets tools run without asking from this version on.
    protection_changes: Sequence[ProtectionChange] = ()

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

    def _save_table(self, raw: bool = False, *others: Any, **options: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """A version in a fixture replaces the one that was created for its agent."""
        if raw:
            same = AgentVersion.objects.filter(agent=self.agent_id, number=self.number)
            same.exclude(pk=self.pk).delete()
        return super()._save_table(raw, *others, **options)  # type: ignore[misc]
