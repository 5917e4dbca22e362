"""Programs and commands in a fresh process, where nothing is loaded that a test has loaded."""

import subprocess
import sys


def output_of(program: str, given: str = "") -> str:
    """What a Python program prints when it reads `given`; it has to succeed."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kdnas(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command of kdnas; it has to succeed where `check` is left as it is."""
    command = [sys.executable, "-c", "from kdnas.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done
