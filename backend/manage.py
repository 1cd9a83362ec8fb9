"""Django's own commands, for development; operators use `agentarium`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")
    execute_from_command_line(sys.argv)
