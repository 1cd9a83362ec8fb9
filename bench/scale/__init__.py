"""Whether a read costs the same with a thousand tasks in history and with ten million."""
