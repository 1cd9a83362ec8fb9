from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agentarium.providers.services import ModelState, ProviderState
from agentarium.runtime.providers import PROVIDERS


class ProviderSerializer(serializers.Serializer[ProviderState]):
    name = serializers.CharField()
    title = serializers.CharField()
    is_configured = serializers.BooleanField(
        help_text="Whether its settings and packages are complete."
    )
    reason = serializers.CharField(
        help_text="Why its models cannot be called now; empty if they can."
    )


@extend_schema_field({"type": "string", "format": "decimal"})
class RateField(serializers.Field[Any, Any, str, Any]):
    """US dollars per million tokens, as a decimal number without an exponent."""

    def to_representation(self, value: Any) -> str:
        return f"{value:f}"


class RatesSerializer(serializers.Serializer[Any]):
    input = RateField()
    cached_input = RateField()
    output = RateField()
    reasoning = RateField()


class TierSerializer(serializers.Serializer[Any]):
    above = serializers.IntegerField(
        help_text="Applies to calls with more input tokens than this."
    )
    rates = RatesSerializer()


class PriceSerializer(serializers.Serializer[Any]):
    """US dollars per million tokens."""

    rates = RatesSerializer()
    tiers = TierSerializer(
        many=True,
        help_text="Rates for calls with more input; they apply to all tokens of a call.",
    )


class ModelSerializer(serializers.Serializer[ModelState]):
    id = serializers.CharField(
        help_text="`provider:name`, the value for an agent's `model`."
    )
    provider = serializers.CharField()
    name = serializers.CharField()
    is_available = serializers.BooleanField()
    reason = serializers.CharField(
        help_text="Why it cannot be called now; empty if it can."
    )
    is_default = serializers.BooleanField(
        help_text="Whether it is the model of new agents that do not set one."
    )
    price = PriceSerializer(allow_null=True, help_text="Null if it is not known.")


class ModelFilterSerializer(serializers.Serializer[Any]):
    """The query parameters of the list of models. Unknown ones are rejected."""

    search = serializers.CharField(
        required=False, max_length=200, help_text="Part of a model's `id`."
    )
    provider = serializers.ChoiceField(choices=sorted(PROVIDERS), required=False)
    is_available = serializers.BooleanField(
        required=False, allow_null=True, default=None
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = self.initial_data.keys() - self.fields.keys() - {"format"}
        if unknown:
            raise serializers.ValidationError(
                {
                    name: serializers.ErrorDetail(
                        f"There is no parameter {name!r} here.", "unknown_parameter"
                    )
                    for name in sorted(unknown)
                }
            )
        return attrs
