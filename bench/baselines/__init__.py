"""Baselines for the measurements, with the part of Agentarium's API that these use."""
