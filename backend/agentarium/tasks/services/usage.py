"""The tokens and the cost of a task: the sums over its model calls."""

from typing import Any, Protocol

from agentarium.runtime.call_usage import CallUsage
from agentarium.runtime.prices import dollars

# The columns of a task that are sums over its model calls.
TOTALS = (
    "input_tokens",
    "output_tokens",
    "cost_nanodollars",
    "cost_is_complete",
    "usage_is_estimated",
)


class HasTotals(Protocol):
    """A task, or anything else with the columns in `TOTALS`."""

    input_tokens: int
    output_tokens: int
    cost_nanodollars: int
    cost_is_complete: bool
    usage_is_estimated: bool


def totals(task: HasTotals) -> dict[str, Any]:
    """Tokens and cost of a task's model calls, as its last event reports them."""
    return {
        "input_tokens": task.input_tokens,
        "output_tokens": task.output_tokens,
        "cost": dollars(task.cost_nanodollars),
        "cost_is_complete": task.cost_is_complete,
        "usage_is_estimated": task.usage_is_estimated,
    }


def add_usage(task: HasTotals, used: CallUsage) -> dict[str, int]:
    """Add what a model call used; nothing is stored.

    Returns what the statistics have to add if they contain the task already.
    """
    added = {
        "input_tokens": used.usage.input_tokens,
        "output_tokens": used.usage.output_tokens,
        "cost_nanodollars": used.cost_nanodollars or 0,
        "incomplete_costs": int(task.cost_is_complete and not used.cost_is_complete),
        "estimated_usages": int(used.is_estimate and not task.usage_is_estimated),
    }
    task.input_tokens += added["input_tokens"]
    task.output_tokens += added["output_tokens"]
    task.cost_nanodollars += added["cost_nanodollars"]
    task.cost_is_complete &= used.cost_is_complete
    task.usage_is_estimated |= used.is_estimate
    return added


def usage_data(used: CallUsage) -> dict[str, Any]:
    """What a model call without a step has used, as the log reports it."""
    return {
        "input_tokens": used.usage.input_tokens,
        "output_tokens": used.usage.output_tokens,
        "cost": dollars(used.cost_nanodollars),
        "is_estimate": used.is_estimate,
    }
