"""`python -m agentarium.cli` is the same as `agentarium`."""

from agentarium.cli.main import main

if __name__ == "__main__":
    main()
