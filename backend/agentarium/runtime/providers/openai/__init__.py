"""The client for OpenAI-compatible APIs: what is sent, and what comes back."""
