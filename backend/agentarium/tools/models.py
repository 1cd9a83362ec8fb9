"""HTTP tools and MCP servers that users declare."""

import re
from collections.abc import Mapping, Sequence
from typing import Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models

from agentarium.accounts.models import User
from agentarium.core.encryption import Sealed, SealedMapField
from agentarium.db.clock import Now, UpdatedAtField
from agentarium.tools.tool_changes import (
    ToolChange,
    ToolRow,
    count_changes,
    find_changes,
    normalized,
    proposal_id,
)

MAX_NAME_CHARS = 64
MAX_DESCRIPTION_CHARS = 4_000
MAX_URL_CHARS = 2_000
MAX_TIMEOUT = 600
MAX_ERROR_CHARS = 1_000

# Tool names that all providers accept.
TOOL_NAME = re.compile(r"\A[a-zA-Z0-9_-]{1,64}\Z")
valid_name = RegexValidator(
    TOOL_NAME,
    "Use 1 to 64 letters, digits, _ and -.",
    "invalid_name",
)


class Effect(models.TextChoices):
    READ = "read"
    IDEMPOTENT = "idempotent"
    WRITE = "write"


class ToolKind(models.TextChoices):
    BUILTIN = "builtin"
    HTTP = "http"
    MCP = "mcp"


class OpenTo(models.TextChoices):
    """Whose agents may use a program of the operator."""

    STAFF = "staff"
    ALL = "all"


class DeclaredModel(models.Model):
    """The fields that HTTP tools and MCP servers share."""

    name = models.CharField(max_length=MAX_NAME_CHARS, validators=[valid_name])
    description = models.CharField(max_length=MAX_DESCRIPTION_CHARS, blank=True)
    # Encrypted; the API returns only their names.
    headers = SealedMapField(default=dict, blank=True)
    # Encrypted parts of the address, by placeholder or query parameter.
    url_secrets = SealedMapField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
    )
    timeout = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_TIMEOUT)],
        help_text="Time limit of one call, in seconds.",
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = UpdatedAtField()

    # What the person should know who has just set the secrets.
    warnings: Sequence[str] = ()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def header_names(self) -> list[str]:
        return sorted(self.headers)

    @property
    def url_secret_names(self) -> list[str]:
        return sorted(self.url_secrets)

    def revealed_headers(self) -> dict[str, str]:
        """The decrypted headers. Raises `UnreadableSecretError`."""
        return _revealed(self.headers)

    def revealed_url_secrets(self) -> dict[str, str]:
        """The decrypted parts of the address. Raises `UnreadableSecretError`."""
        return _revealed(self.url_secrets)


def _revealed(sealed: Mapping[str, Sealed]) -> dict[str, str]:
    return {name: value.reveal() for name, value in sealed.items()}


class HttpToolQuerySet(models.QuerySet["HttpTool"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)


class HttpTool(DeclaredModel):
    """An HTTP request that agents of its owner can make."""

    class Method(models.TextChoices):
        GET = "GET"
        POST = "POST"
        PUT = "PUT"
        PATCH = "PATCH"
        DELETE = "DELETE"

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="http_tools", db_index=False
    )
    parameters = models.JSONField(
        default=dict, help_text="JSON schema of the arguments, an object."
    )
    method = models.CharField(max_length=6, choices=Method.choices, default=Method.GET)
    url_template = models.CharField(
        max_length=MAX_URL_CHARS,
        help_text="With {placeholders} for arguments after the host. Arguments without a "
        "placeholder become query parameters of GET and DELETE, a JSON body otherwise.",
    )
    effect = models.CharField(
        max_length=10,
        choices=Effect.choices,
        default=Effect.WRITE,
        help_text="What repeating a call does: nothing (read), nothing with the same "
        "Idempotency-Key (idempotent), or the action once more (write).",
    )
    needs_approval = models.BooleanField(
        null=True,
        blank=True,
        default=None,
        help_text="Ask a person before each call, unless an agent says otherwise. null "
        "asks if the effect is `write`.",
    )

    objects = HttpToolQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="http_tool_name",
                violation_error_code="unique",
                violation_error_message="You already have a tool with this name.",
            )
        ]
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"], name="http_tool_owner_created"
            )
        ]

    @property
    def asks_by_default(self) -> bool:
        """Whether an agent asks before each call if its entry says nothing."""
        if self.needs_approval is not None:
            return self.needs_approval
        return self.effect == Effect.WRITE


class McpServerQuerySet(models.QuerySet["McpServer"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)

    def usable_by(self, owner_id: int) -> Self:
        """The servers of the owner, and those of the operator that are open to them."""
        return self.filter(
            models.Q(owner_id=owner_id) | (models.Q(owner=None) & _is_open_to(owner_id))
        )

    def closed_to(self, owner_id: int) -> Self:
        """The servers of the operator that the owner may not use."""
        return self.filter(owner=None).exclude(_is_open_to(owner_id))


def _is_open_to(owner_id: int) -> models.Q:
    """The operator's servers that a user may use: staff may use all of them."""
    open_to_all = [
        name
        for name, program in settings.MCP_STDIO.items()
        if program.get("open_to", OpenTo.STAFF) == OpenTo.ALL
    ]
    is_staff = models.Exists(User.objects.filter(pk=owner_id, is_staff=True))
    return models.Q(name__in=open_to_all) | models.Q(is_staff)


class McpServer(DeclaredModel):
    """An MCP server, with the tools that its owner has accepted.

    A server without an owner is a program that the operator has configured. Only staff
    may use it, unless the operator opens it to all users.
    """

    owner = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="mcp_servers",
        null=True,
        blank=True,
        db_index=False,
    )
    url = models.CharField(max_length=MAX_URL_CHARS, blank=True)
    # The accepted tools: see `tool_changes.py`.
    tools = models.JSONField(default=list, blank=True)
    # The tools of the last list, if they differ from the accepted ones.
    proposed_tools = models.JSONField(null=True, blank=True)
    # Name -> fingerprint of the proposed tool that the owner does not want.
    dismissed = models.JSONField(default=dict, db_default={}, blank=True)
    # Identifies the differences, for a person who decides on what they have seen.
    proposal = models.CharField(max_length=64, db_default="", default="", blank=True)
    # How many tools were added, removed, changed, and dismissed of these.
    change_counts = models.JSONField(null=True, blank=True)
    has_changes = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether changed tools wait for acceptance.",
    )
    # Identifies the last list, so that the same one is not stored again.
    listing = models.CharField(max_length=64, db_default="", default="", blank=True)
    # The tools of the last list that cannot be used: objects with `name` and `reason`.
    omitted_tools = models.JSONField(default=list, db_default=[], blank=True)
    last_error = models.CharField(
        max_length=MAX_ERROR_CHARS,
        default="",
        db_default="",
        blank=True,
        help_text="Why the server could not be used when it was tried last. Empty if it "
        "could.",
    )
    last_error_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )

    objects = McpServerQuerySet.as_manager()

    class Meta:
        verbose_name = "MCP server"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="mcp_server_name",
                violation_error_code="unique",
                violation_error_message="You already have a server with this name.",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(owner=None),
                name="mcp_server_operator_name",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"], name="mcp_server_owner_created"
            )
        ]

    @property
    def tool_rows(self) -> list[ToolRow]:
        """The accepted tools."""
        return [normalized(row) for row in self.tools]

    @property
    def offered_tools(self) -> list[ToolRow]:
        """The tools of the last list."""
        if self.proposed_tools is None:
            return self.tool_rows
        return [normalized(row) for row in self.proposed_tools]

    def find_changes(self) -> list[ToolChange]:
        """The differences between the accepted tools and those of the last list."""
        if self.proposed_tools is None:
            return []
        return find_changes(self.tool_rows, self.offered_tools, self.dismissed)

    def derive_proposal(self) -> None:
        """Set what follows from the accepted, the proposed and the dismissed tools."""
        changes = self.find_changes()
        self.proposal = proposal_id(changes)
        self.has_changes = not all(change.is_dismissed for change in changes)
        self.change_counts = count_changes(changes) if changes else None
        self.dismissed = {
            change.name: self.dismissed[change.name]
            for change in changes
            if change.is_dismissed
        }
        if not changes:
            self.proposed_tools = None


class McpToolDecision(models.Model):
    """That a person accepted or dismissed changed tools of an MCP server.

    A decision without a user is one of the operator, on the command line.
    """

    class Decision(models.TextChoices):
        ACCEPTED = "accepted"
        DISMISSED = "dismissed"

    server = models.ForeignKey(
        McpServer, on_delete=models.CASCADE, related_name="decisions", db_index=False
    )
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    decision = models.CharField(max_length=10, choices=Decision.choices)
    via = models.CharField(max_length=16, db_default="server", default="server")
    token = models.CharField(max_length=128, blank=True, db_default="", default="")
    # A list of objects with the name of a tool and the kind of its change.
    changes = models.JSONField(default=list)
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "MCP tool decision"
        ordering = ["-decided_at", "-id"]
        indexes = [
            models.Index(
                fields=["server", "-decided_at", "-id"], name="mcp_decision_server"
            )
        ]

    def __str__(self) -> str:
        return f"{self.server_id}: {self.decision}"


class ProtectionChangeQuerySet(models.QuerySet["ProtectionChange"]):
    def visible_to(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner=user)


class ProtectionChange(models.Model):
    """An agent or a tool was changed so that calls are less protected than before.

    A record: it is never changed, and stays when its subject is deleted. It also keeps
    how a tool was protected that has lost its name, for the next one of this name.
    """

    class Subject(models.TextChoices):
        AGENT = "agent"
        HTTP_TOOL = "http_tool"
        MCP_SERVER = "mcp_server"

    class Change(models.TextChoices):
        APPROVAL_OFF = "approval_off"
        EFFECT_LOWERED = "effect_lowered"
        METHOD_CHANGED = "method_changed"
        ADDRESS_CHANGED = "address_changed"
        PARAMETERS_CHANGED = "parameters_changed"
        HOSTS_WIDENED = "hosts_widened"
        RENAMED = "renamed"
        REMOVED = "removed"

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    subject = models.CharField(max_length=16, choices=Subject.choices)
    subject_id = models.PositiveBigIntegerField()
    version = models.PositiveIntegerField(
        null=True, help_text="Number of the agent version that began with it."
    )
    tool = models.CharField(max_length=MAX_NAME_CHARS, help_text="The tool's name.")
    change = models.CharField(max_length=20, choices=Change.choices)
    # As `Protection.stored` gives it.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    via = models.CharField(max_length=16, help_text="How the person had signed in.")
    token = models.CharField(
        max_length=128, blank=True, help_text="The API token, if it was one."
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = ProtectionChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["owner", "subject", "subject_id", "-id"],
                name="protection_change_subject",
            ),
            models.Index(
                fields=["owner", "tool", "-id"], name="protection_change_tool"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change} for {self.tool}"
