"""What is shown while models are attacked moves on within one long text."""

import io

import pytest
import torch
from rich.console import Console
from transformers import AutoTokenizer

from kdnas.attacks import Attacker, ModelVictim
from kdnas.attacks.tokens import Tokens
from kdnas.cli import attack_progress
from kdnas.cli.attack_progress import attack_bar
from kdnas.config import AttackSettings
from kdnas.offline import offline_path
from kdnas.training import Batch


@pytest.fixture
def shown(monkeypatch) -> io.StringIO:
    """What a terminal is sent."""
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100)
    monkeypatch.setattr(attack_progress, "messages", lambda: console)
    return terminal


def test_the_bar_of_one_long_text_moves_on(shown):
    texts = ["a fine film about many good things " * 30]
    seen = []

    def forward(batch: Batch) -> torch.Tensor:
        bar._progress.refresh()
        seen.append(shown.getvalue().rpartition(" read")[0].rpartition(" ")[2])
        return torch.tensor([[0.0, 1.0]]).repeat(len(batch.ids), 1)

    tokens = Tokens(AutoTokenizer.from_pretrained(str(offline_path("minilm"))), 64)
    victim = ModelVictim(forward, tokens, torch.device("cpu"))
    spec = AttackSettings(recipe="deepwordbug").spec(sentiment=True, seed=0)
    with attack_bar([victim]) as bar:
        bar.begin(1)
        outcomes = Attacker(spec).attack(victim, texts, [1], bar.text_done)
    assert len(outcomes) == 1
    read = [int(number.replace(",", "")) for number in seen]
    assert read[0] == 0
    assert read == sorted(read)
    assert len(set(read)) > 5
    assert "load the attack" in shown.getvalue()
    assert "1/1" in shown.getvalue()
