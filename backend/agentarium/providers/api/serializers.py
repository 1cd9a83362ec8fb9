from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agentarium.providers.services import ModelState, ProviderState
from agentarium.runtime.providers import PROVIDERS


class ProviderSerializer(serializers.Serializer[ProviderState]):
    name = serializers.CharField()
    title = serializers.CharField()
    is_configured = serializers.BooleanField(
        help_text="Whether all that it needs is set and installed."
    )
    reason = serializers.CharField(
        help_text="Why its models cannot be called now; empty where they can."
    )


@extend_schema_field({"type": "string", "format": "decimal"})
class RateField(serializers.Field[Any, Any, str, Any]):
    """US dollars for a million tokens, as a decimal number without an exponent."""

    def to_representation(self, value: Any) -> str:
        return f"{value:f}"


class RatesSerializer(serializers.Serializer[Any]):
    input = RateField()
    cached_input = RateField()
    output = RateField()
    reasoning = RateField()


class TierSerializer(serializers.Serializer[Any]):
    above = serializers.IntegerField(help_text="Input tokens of a call.")
    rates = RatesSerializer()


class PriceSerializer(serializers.Serializer[Any]):
    """US dollars for a million tokens."""

    rates = RatesSerializer()
    tiers = TierSerializer(
        many=True, help_text="The rates of calls with more input, for all their tokens."
    )


class ModelSerializer(serializers.Serializer[ModelState]):
    id = serializers.CharField(help_text="`provider:name`, an agent's `model`.")
    provider = serializers.CharField()
    name = serializers.CharField()
    is_available = serializers.BooleanField()
    reason = serializers.CharField(
        help_text="Why it cannot be called now; empty where it can."
    )
    is_default = serializers.BooleanField(
        help_text="Whether it is the model of a new agent that names none."
    )
    price = PriceSerializer(allow_null=True, help_text="Null where it is not known.")


class ModelFilterSerializer(serializers.Serializer[Any]):
    """The query of the models' list; what it does not know is refused."""

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
