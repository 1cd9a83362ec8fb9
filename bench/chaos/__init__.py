"""Kills processes and services at random moments, then verifies the guarantees."""
