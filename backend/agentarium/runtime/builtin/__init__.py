"""A small model that needs no key and no network, in a process of its own."""
