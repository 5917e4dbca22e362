"""Registries: names and messages, parts by call and by `module:name`, sources and their hashes."""

import subprocess
import sys
import textwrap

import pytest

from kdnas import registry
from kdnas.errors import UserError
from kdnas.registry import (
    Registry,
    UnknownPart,
    load_sources,
    plug_in,
    require_sources,
    resolve,
    sources,
)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a user's, importable from the working folder, and no source known before."""
    (tmp_path / "added_parts.py").write_text("PART = 7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(registry, "_sources", {})
    monkeypatch.delitem(sys.modules, "added_parts", raising=False)
    return tmp_path / "added_parts.py"


def test_an_unknown_name_lists_what_there_is():
    known = Registry("colour", {"red": 1, "blue": 2})
    with pytest.raises(UserError) as raised:
        known["rad"]
    expected = "no colour 'rad' (did you mean red?); there are red, blue, or name your own"
    assert str(raised.value).startswith(expected)
    assert known.get("rad") is None
    assert "rad" not in known


def test_a_registry_is_a_mapping_in_the_order_of_adding():
    known = Registry("colour", {"red": 1})
    known.add("blue", 2)
    assert dict(known) == {"red": 1, "blue": 2}
    assert len(known) == 2


def test_a_name_is_given_once():
    known = Registry("colour", {"red": 1})
    with pytest.raises(UserError, match="colour 'red' is there already"):
        known.add("red", 2)
    assert known["red"] == 1


def test_a_part_of_another_form_is_refused():
    known = Registry("number", {"one": 1}, form=int)
    with pytest.raises(UserError, match="number half is no int: it is of type float"):
        known.add("half", 0.5)
    assert "half" not in known


def test_a_part_is_loaded_by_module_and_name(module):
    known = Registry("number", {"one": 1}, form=int)
    assert known.load("one") == 1
    assert known.load("added_parts:PART") == known["added_parts:PART"] == 7
    assert [source.module for source in sources()] == ["added_parts"]


def test_only_load_imports(module):
    known: Registry[int] = Registry("number")
    with pytest.raises(UnknownPart):
        known["added_parts:PART"]
    assert "added_parts" not in sys.modules
    assert sources() == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:PART", "module no_such_module cannot be imported"),
        ("added_parts:NONE", "number added_parts:NONE: module added_parts has no 'NONE'"),
        ("added_parts", "no number 'added_parts'"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(module, name, message):
    known: Registry[int] = Registry("number")
    with pytest.raises(UserError, match=message) as raised:
        known.load(name)
    assert "\n" not in str(raised.value)


def test_an_object_stands_for_itself():
    assert resolve(len) is len
    assert resolve("builtins:len") is len


def test_adding_remembers_the_module_that_adds(module):
    module.write_text("def add(known):\n    known.add('mine', 1)\n")
    known: Registry[int] = Registry("number")
    resolve("added_parts:add")(known)
    (source,) = sources()
    assert source.module == "added_parts"
    require_sources([source])


def test_a_changed_source_is_refused(module):
    Registry("number").load("added_parts:PART")
    before = sources()
    module.write_text("PART = 8\n")
    registry._remember("added_parts")
    with pytest.raises(UserError, match="the source of module added_parts has changed"):
        require_sources(before)


def test_a_source_that_is_not_loaded_is_refused(module):
    Registry("number").load("added_parts:PART")
    before = sources()
    registry._sources.clear()
    with pytest.raises(UserError, match="it is not loaded: name it with --plugin added_parts"):
        require_sources(before)


def test_another_process_loads_the_same_source_or_refuses(module):
    Registry("number").load("added_parts:PART")
    load_sources(sources())
    code = f"""
    from kdnas.registry import Source, load_sources, sources
    load_sources([Source("added_parts", {sources()[0].sha256!r})])
    print(sources()[0].module)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    same = subprocess.run(command, capture_output=True, text=True, check=False)
    assert same.stdout.strip() == "added_parts", same.stderr
    module.write_text("PART = 9\n")
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "has changed since" in other.stderr


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise ValueError('broken')", r"ValueError: broken \(mine.py line 1\); mend it"),
        ("import sys\nsys.exit(3)", r"SystemExit: 3 \(mine.py line 2\)"),
        ("class Own(BaseException):\n    pass\nraise Own(3)", r"Own: 3 \(mine.py line 3\)"),
        ("def (:", "SyntaxError: invalid syntax"),
        ("import nosuch_thing", "it imports nosuch_thing, which is not there"),
    ],
)
def test_a_module_that_raises_is_one_line(code, message, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setattr(registry, "_sources", {})
    with pytest.raises(UserError, match=message):
        plug_in("mine")
