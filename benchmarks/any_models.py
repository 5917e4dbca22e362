"""Tiny classifiers of many families, each with a tokenizer of its own kind, as people save them."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

hf = import_module("transformers")
"""As a type checker does not see it: its 4 and its 5 declare other names and other settings."""

TEXTS = (
    "a warm and funny film",
    "dull",
    "one of the very best films of the year , truly a joy from its first scene to its last",
    "a mess of a film , neither funny nor sad",
    "the actors are good , the story is not",
    "I'd see it again!",
    "bad",
    "a slow , grey and pointless film that goes on and on and on until nobody is left in the room",
)
"""Texts of mixed lengths; every tokenizer is trained on them."""


def _wordpieces() -> Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def _bytes(*special: str) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=list(special), initial_alphabet=alphabet
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


def _unigrams(special: list[str], unknown: str, single: str, pair: str) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.train_from_iterator(
        TEXTS, trainers.UnigramTrainer(vocab_size=100, special_tokens=special, unk_token=unknown)
    )
    framing = [(token, made.token_to_id(token)) for token in special if f"{token}:" in single]
    made.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=framing
    )
    return made


def _bert_tokens(**settings: Any) -> Any:
    return hf.BertTokenizerFast(tokenizer_object=_wordpieces(), model_max_length=64, **settings)


def _roberta_tokens() -> Any:
    tokens = _bytes("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    tokens.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return hf.RobertaTokenizerFast(tokenizer_object=tokens)


def _gpt2_tokens(**special: str) -> Any:
    return hf.GPT2TokenizerFast(tokenizer_object=_bytes("<|endoftext|>"), **special)


def _xlnet_tokens() -> Any:
    special = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
    single, pair = "$A:0 <sep>:0 <cls>:2", "$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2"
    tokens = _unigrams(special, "<unk>", single, pair)
    return hf.XLNetTokenizerFast(tokenizer_object=tokens)


_FRAMED = "[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"


def _albert_tokens() -> Any:
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    tokens = _unigrams(special, "<unk>", *_FRAMED)
    return hf.AlbertTokenizerFast(tokenizer_object=tokens)


def _deberta_tokens() -> Any:
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    tokens = _unigrams(special, "[UNK]", *_FRAMED)
    return hf.DebertaV2TokenizerFast(tokenizer_object=tokens)


def _modern_tokens() -> Any:
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=_wordpieces(), pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip


SIZES: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
}  # fmt: skip

KINDS: dict[str, tuple[Callable[[], Any], Callable[[int], Any]]] = {
    "bert": (
        _bert_tokens,
        lambda words: hf.BertConfig(vocab_size=words, max_position_embeddings=64, **SIZES),
    ),
    "distilbert": (
        lambda: hf.DistilBertTokenizerFast(tokenizer_object=_wordpieces()),
        lambda words: hf.DistilBertConfig(
            vocab_size=words, dim=32, n_layers=2, n_heads=2, hidden_dim=64
        ),
    ),
    "roberta": (
        _roberta_tokens,
        lambda words: hf.RobertaConfig(
            vocab_size=words, max_position_embeddings=66, type_vocab_size=1, **SIZES
        ),
    ),
    "albert": (
        _albert_tokens,
        lambda words: hf.AlbertConfig(vocab_size=words, embedding_size=16, **SIZES),
    ),
    "deberta": (
        _deberta_tokens,
        lambda words: hf.DebertaV2Config(
            vocab_size=words, type_vocab_size=0, relative_attention=True, position_buckets=32,
            norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type=["p2c", "c2p"],
            position_biased_input=False, **SIZES,
        ),
    ),
    "xlnet": (
        _xlnet_tokens,
        lambda words: hf.XLNetConfig(
            vocab_size=words, d_model=32, n_layer=2, n_head=2, d_inner=64, pad_token_id=5
        ),
    ),
    "electra": (
        _bert_tokens,
        lambda words: hf.ElectraConfig(vocab_size=words, embedding_size=16, **SIZES),
    ),
    "convbert": (
        _bert_tokens,
        lambda words: hf.ConvBertConfig(
            vocab_size=words, embedding_size=32, head_ratio=1, conv_kernel_size=5, **SIZES
        ),
    ),
    "fnet": (
        lambda: _bert_tokens(model_input_names=["input_ids", "token_type_ids"]),
        lambda words: hf.FNetConfig(
            vocab_size=words, hidden_size=32, num_hidden_layers=2, intermediate_size=64,
        ),
    ),
    "modernbert": (
        _modern_tokens,
        lambda words: hf.ModernBertConfig(
            vocab_size=words, pad_token_id=0, cls_token_id=2, sep_token_id=3, bos_token_id=2,
            eos_token_id=3, max_position_embeddings=64, **SIZES,
        ),
    ),
    "gpt2": (
        _gpt2_tokens,
        lambda words: hf.GPT2Config(
            vocab_size=words, n_embd=32, n_layer=2, n_head=2, n_positions=64, bos_token_id=0,
            eos_token_id=0,
        ),
    ),
    "gpt2 with padding": (
        lambda: _gpt2_tokens(pad_token="<|endoftext|>", padding_side="left"),
        lambda words: hf.GPT2Config(
            vocab_size=words, n_embd=32, n_layer=2, n_head=2, n_positions=64, bos_token_id=0,
            eos_token_id=0, pad_token_id=0,
        ),
    ),
}  # fmt: skip
"""Families of classifiers: the tokenizer, and from its number of tokens the configuration."""


def save_model(kind: str, folder: Path, **settings: Any) -> Path:
    """A random classifier of that family with its tokenizer, as `save_pretrained` writes them."""
    make_tokenizer, make_config = KINDS[kind]
    tokenizer = make_tokenizer()
    config = make_config(len(tokenizer))
    names = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}
    for name, value in {**names, **settings}.items():
        setattr(config, name, value)
    torch.manual_seed(0)
    model = hf.AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():  # of the usual size all texts are nearly equal
            if parameter.dim() > 1:
                parameter.mul_(5)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
