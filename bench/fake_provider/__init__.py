"""A scripted model provider with every API that Agentarium supports."""

from bench.fake_provider.script import Script
from bench.fake_provider.server import FakeProvider, Stats

__all__ = ["FakeProvider", "Script", "Stats"]
