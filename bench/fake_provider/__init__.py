"""A model provider that does as it is told, on every wire that Agentarium speaks."""

from bench.fake_provider.script import Script
from bench.fake_provider.server import FakeProvider, Stats

__all__ = ["FakeProvider", "Script", "Stats"]
