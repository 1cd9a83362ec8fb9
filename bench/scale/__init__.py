"""Whether an operation costs the same with a thousand tasks and with ten million."""
