"""Attacks without TextAttack: they end well where it and its like cannot be imported.

What needs TextAttack is refused in one line that names the extra, before any work.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from programs import output_of

BLOCKED = """
import sys

class Blocked:
    names = {"textattack", "nltk", "flair", "editdistance"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
import importlib.util
_find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name in Blocked.names else _find(name, *a)
"""
"""Nothing of these four can be imported or found."""

ATTACK = """
from kdnas.attacks import Attacker, CallableVictim, load_resources
sys.path.insert(0, {tests!r})
from attack_texts import reviews, small, weigh_words

texts = (*reviews(), "a <b>good</b> film of the year", "\\u0130stanbul is good")
labels = weigh_words(texts).argmax(axis=1).tolist()
for recipe in ("textfooler", "deepwordbug"):
    resources = load_resources(small(recipe))
    for mode in ("exact", "lazy"):
        attacker = Attacker(small(recipe, mode=mode), resources)
        found = attacker.attack(CallableVictim(weigh_words), texts, labels)
        print(recipe, mode, sum(outcome.outcome == "succeeded" for outcome in found))
print({{name.partition(".")[0] for name in sys.modules}} & Blocked.names)
"""


def test_attacks_end_well_without_textattack_and_its_like() -> None:
    *counts, loaded = output_of(
        BLOCKED + ATTACK.format(tests=str(Path(__file__).parent))
    ).splitlines()
    assert [line.split()[:2] for line in counts] == [
        ["textfooler", "exact"], ["textfooler", "lazy"],
        ["deepwordbug", "exact"], ["deepwordbug", "lazy"],
    ]  # fmt: skip
    assert all(int(line.split()[2]) > 0 for line in counts)
    assert loaded == "set()"


def refused(arguments: list[str]) -> list[str]:
    """The lines that the command line says where TextAttack is missing."""
    program = f"{BLOCKED}\nfrom kdnas.cli import main\nsys.argv = ['kdnas', *{arguments!r}]\nmain()"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                            timeout=120, check=False)  # fmt: skip
    assert result.returncode == 2, result.stderr
    return result.stderr.splitlines()


@pytest.mark.parametrize(
    ("options", "package", "extra"),
    [(["--engine", "textattack"], "textattack (executes textfooler)", "textattack"),
     (["--recipe", "pruthi"], "textattack (executes pruthi)", "textattack"),
     (["--resources", "textattack"], "nltk (NLTK's tagger of word classes)", "paper"),
     (["--set", "word_classes=tagger"], "nltk (NLTK's tagger of word classes)", "paper")],
)  # fmt: skip
def test_an_attack_that_needs_it_is_refused_before_a_model_is_loaded(
    options: list[str], package: str, extra: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "texts.tsv").write_text("text\tlabel\nA film\t0\n")
    said = refused(
        ["attack", "--model", str(tmp_path), "--data", str(tmp_path / "texts.tsv"), *options]
    )
    (line,) = [line for line in said if f"package {package}: missing, looked for in /" in line]
    assert line.endswith(f": pip install 'kdnas[{extra}]'")


def test_so_is_a_search(tmp_path: Path) -> None:
    out = tmp_path / "run"
    (said,) = refused(["search", "--preset", "quickstart", "--set", "attack.recipe=pruthi",
                       "--out", str(out)])  # fmt: skip
    assert said.endswith(": pip install 'kdnas[textattack]'")
    assert not out.exists()


CHINESE = """
from kdnas.attacks import Attacker, AttackResources, CallableVictim
from kdnas.errors import UserError
from kdnas.records import AttackSpec
import numpy as np

texts = ["a good film", "\\u8fd9\\u90e8\\u7535\\u5f71\\u5f88\\u597d film"]
victim = CallableVictim(lambda texts: np.zeros((len(texts), 2)))
try:
    Attacker(AttackSpec("deepwordbug"), AttackResources(None, None)).attack(victim, texts, [0, 0])
except UserError as error:
    print(error)
"""


def test_texts_that_need_it_are_refused_and_shown() -> None:
    said = output_of(BLOCKED + CHINESE).strip()
    assert said.startswith("the attack on 1 of 2 texts (Chinese or <SPLIT>: '\u8fd9")
    assert said.endswith("needs textattack: pip install 'kdnas[textattack]'")
