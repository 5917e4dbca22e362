"""Any Hugging Face classifier as victim and teacher: read as its own tokenizer has it read."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from any_models import KINDS, TEXTS, save_model
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from kdnas.attacks import ModelVictim
from kdnas.errors import UserError
from kdnas.teachers import load_trained_classifier, logits_and_layers
from kdnas.training import Inputs, encode

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each family."""
    place = tmp_path_factory.mktemp("models")
    return {kind: save_model(kind, place / kind.replace(" ", "-")) for kind in KINDS}


def own_outputs(model, tokenizer, text: str):
    """What the model says of one text with its own tokenizer, without any padding."""
    with torch.inference_mode():
        return model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_in_batches_are_those_of_each_text_alone(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    victim = ModelVictim.of_classifier(model, tokenizer, 64)
    found = victim.logits(victim.encode(TEXTS))
    own = np.concatenate([own_outputs(model, tokenizer, text).logits for text in TEXTS])
    assert np.ptp(own, axis=0).min() > 1e-3
    assert np.abs(found - own).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_of_the_tokens_and_never_of_padding(kind: str, saved) -> None:
    model, tokenizer = load_trained_classifier(saved[kind])
    texts = encode(tokenizer, TEXTS, 64)
    _, states = logits_and_layers(model, texts, CPU, Inputs.of(tokenizer, model))
    for row, text in zip(states, TEXTS, strict=True):
        own = own_outputs(model, tokenizer, text).hidden_states
        assert len(row) == len(own) == 3
        assert np.allclose(row[0], own[0].mean(dim=1)[0], atol=1e-5)
        for found, layer in zip(row[1:], own[1:], strict=True):
            assert np.allclose(found, layer[0, 0], atol=1e-4)


def test_a_text_without_a_token_is_read_as_the_end_token(saved) -> None:
    """GPT-2 frames no text, so an empty one has no token at all."""
    model, tokenizer = load_trained_classifier(saved["gpt2"])
    assert tokenizer("")["input_ids"] == []
    assert tokenizer.pad_token == tokenizer.eos_token
    victim = ModelVictim.of_classifier(model, tokenizer, 64)
    end = own_outputs(model, tokenizer, tokenizer.eos_token).logits
    for texts in (["", "a film"], [""]):
        found = victim.logits(victim.encode(texts))
        assert np.abs(found[0] - end[0].numpy()).max() < 1e-5


def test_nothing_to_pad_with_is_one_line_that_names_the_setting(saved, tmp_path: Path) -> None:
    folder = shutil.copytree(saved["gpt2"], tmp_path / "model")
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(folder)
    (folder / "special_tokens_map.json").write_text("{}")
    with pytest.raises(UserError, match=r"set pad_token in its tokenizer_config\.json$"):
        load_trained_classifier(folder)
