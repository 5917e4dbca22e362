"""What an import loads: the light modules and the command line's help bring no heavy library."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "textattack", "matplotlib", "pymoo", "datasets", "pandas")
LIGHT = (
    "kdnas",
    "kdnas.errors",
    "kdnas.seeds",
    "kdnas.space",
    "kdnas.records",
    "kdnas.methods",
    "kdnas.metrics",
    "kdnas.cache",
    "kdnas.offline",
    "kdnas.config",
    "kdnas.paper_files",
    "kdnas.resources",
    "kdnas.runs",
    "kdnas.analysis",
)
SEARCH = ("kdnas.problems", "kdnas.operators", "kdnas.algorithms", "kdnas.loop")
BEYOND_SEARCH = ("torch", "transformers", "textattack", "datasets")


def loaded_by(code: str) -> set[str]:
    """The top-level packages that are loaded after `code` ran in a process of its own."""
    report = "import sys; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-W", "error", "-c", f"{code}\n{report}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_loads_nothing_heavy(module):
    loaded = loaded_by(f"import {module}")
    assert "kdnas" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", SEARCH)
def test_the_search_loads_no_network_library(module):
    assert loaded_by(f"import {module}").isdisjoint(BEYOND_SEARCH)


HELP = """
import contextlib, io
from kdnas.cli import app, main
with contextlib.redirect_stdout(io.StringIO()) as shown:
    try:
        app({arguments})
    except SystemExit as end:
        assert not end.code, end.code
assert "Usage" in shown.getvalue(), shown.getvalue()
"""


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["front", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    loaded = loaded_by(HELP.format(arguments=arguments))
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_an_import_configures_nothing():
    """Neither the logging nor the environment of the program that imports it."""
    code = """
import logging, os
before = dict(os.environ), list(logging.root.handlers)
import kdnas.space, kdnas.config, kdnas.runs, kdnas.cache, kdnas.offline
assert before == (dict(os.environ), list(logging.root.handlers))
"""
    assert "kdnas" in loaded_by(code)
