"""Hostile inputs of one user, next to the ordinary requests of another one."""
