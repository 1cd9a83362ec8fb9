"""A small local model that needs no key and no network. It runs in its own process."""
