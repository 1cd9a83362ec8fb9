"""What a person defines once and runs often, and the snapshots that tasks point at."""

from collections.abc import Collection, Sequence
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Greatest

from agentarium.accounts.models import User
from agentarium.db.clock import Now
from agentarium.db.whole_rows import WholeRowsQuerySet
from agentarium.providers.services import default_model

MAX_INSTRUCTIONS_CHARS = 100_000
MAX_NAME_CHARS = 100
MAX_DESCRIPTION_CHARS = 10_000
DEFAULT_TEMPERATURE = 0.7


class Definition(models.Model):
    """What decides how an agent answers: the same columns now and in each version."""

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

    @property
    def definition(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in DEFINITION_FIELDS}


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


class AgentQuerySet(WholeRowsQuerySet["Agent"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)

    def kept(self) -> Self:
        """Without those that were deleted."""
        return self.filter(deleted_at__isnull=True)

    def fill_in(self, rows: Sequence["Agent"], *, is_raw: bool) -> None:
        for agent in rows:
            agent.model = agent.model or default_model()
            if is_raw:
                # The tasks of a fixture count themselves.
                agent.tasks_count = 0

    def add_to(self, rows: Sequence["Agent"], *, is_raw: bool) -> None:
        AgentVersion.objects.bulk_create(
            AgentVersion(agent_id=agent.pk, number=agent.version, **agent.definition)
            for agent in rows
        )

    def revise(self, keys: Collection[int]) -> None:
        if keys:
            AgentVersion.objects.record(keys)

    def update(self, **changes: Any) -> int:
        """Also of `bulk_update`: a change of definitions makes their next versions."""
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

    Deleting one only hides it: its tasks are a record, and keep their agent.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="agents", db_index=False
    )
    name = models.CharField(max_length=MAX_NAME_CHARS)
    description = models.TextField(max_length=MAX_DESCRIPTION_CHARS, blank=True)
    version = models.PositiveIntegerField(
        default=1, help_text="Number of the version that a new task runs."
    )
    # Counted up as tasks are submitted: a list never counts them.
    tasks_count = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"], name="agent_owner_created"
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
        """Save changes; those of the definition make the agent's next version.

        What is counted up in the database meanwhile is not set back.
        """
        kept = [each for each in values if update_fields or _is_own(each[0])]
        names = {field.name for field, _, _ in kept}
        with transaction.atomic(using=using, savepoint=False):
            updated: Any = super()._do_update(  # type: ignore[call-arg]
                base_qs,
                using,
                pk_val,
                [_forward(*each) for each in kept],
                update_fields,
                forced_update,
            )
            if updated and names & {"version", *DEFINITION_FIELDS}:
                AgentVersion.objects.record([pk_val])
                numbers = Agent.objects.filter(pk=pk_val)
                self.version = numbers.values_list("version", flat=True).get()
        return updated


def _is_own(field: Any) -> bool:
    """Whether a row is saved with its own value, and not with what was counted."""
    return bool(field.name != "tasks_count")


def _forward(field: Any, model: Any, value: Any) -> tuple[Any, Any, Any]:
    """A version's number only grows: somebody may have made one since it was read."""
    if field.name != "version" or hasattr(value, "resolve_expression"):
        return field, model, value
    return field, model, Greatest(F("version"), Value(value))


class AgentVersionQuerySet(models.QuerySet["AgentVersion"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(agent__owner=user)

    def record(self, agent_ids: Collection[int]) -> None:
        """Make the versions that agents lack, and the next ones of those that changed.

        The caller has locked their rows, by writing to them.
        """
        mine = self.filter(agent__in=agent_ids)
        current = {
            version.agent_id: version.definition
            for version in mine.filter(number=F("agent__version"))
        }
        for agent in Agent.objects.filter(pk__in=agent_ids).order_by("pk"):
            if agent.pk in current:
                if agent.definition == current[agent.pk]:
                    continue
                last = mine.filter(agent=agent).aggregate(Max("number"))
                agent.version = last["number__max"] + 1
                Agent.objects.filter(pk=agent.pk).update(version=agent.version)
            self.create(agent=agent, number=agent.version, **agent.definition)


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

    def _save_table(self, raw: bool = False, *others: Any, **options: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """A version of a fixture takes the place of the one that its agent was given."""
        if raw:
            given = AgentVersion.objects.filter(agent=self.agent_id, number=self.number)
            given.exclude(pk=self.pk).delete()
        return super()._save_table(raw, *others, **options)  # type: ignore[misc]
