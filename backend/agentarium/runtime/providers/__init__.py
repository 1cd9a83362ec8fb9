"""Clients for model providers, behind one streaming interface."""

from agentarium.runtime.providers.catalogue import PROVIDERS, ProviderSpec

__all__ = ["PROVIDERS", "ProviderSpec"]
