"""The command line: `kdnas COMMAND`; results go to standard output, progress to standard error.

Each file holds one group of commands. Heavy libraries are imported inside the commands that need
them, so that `kdnas --help` answers at once.
"""

from kdnas.cli.app import app, main

__all__ = ["app", "main"]
