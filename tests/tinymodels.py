"""Speech recognisers and text models with random weights, as small as their classes allow.

They are written to disk in the formats of the real ones, and loaded by the real code. What they say
is chance; a bias of the last layer makes it words that the tests can recognise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WORDS = ("so", "happy", "sad", "furious", "today", "and", "the", "door", "we", "are")
"""What a tiny Whisper says."""

LANGUAGES = ("en", "pl", "de")

_TIMES = 1501
_WIDTH, _HEADS, _INNER, _MELS, _FRAMES, _TEXT = 16, 2, 32, 80, 1500, 448


def whisper(
    folder: Path, *, language: str = "en", many: bool = True, sure: bool = True, seed: int = 0
) -> Path:
    """Writes a Whisper model for CTranslate2 that takes everything for one language.

    A word's place says which it is, so surely that Whisper need not draw lots for it, and after
    a dozen places all say that the sentence is over; unless it is not to be `sure`.
    """
    from ctranslate2.specs import model_spec, whisper_spec

    folder.mkdir(parents=True)
    tokens = _vocabulary(many)
    spec = whisper_spec.WhisperSpec(1, _HEADS, 1, _HEADS)
    random = np.random.default_rng(seed)

    def array(*shape: int, scale: float = 0.1) -> Any:
        return (scale * random.standard_normal(shape)).astype(np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = array(outputs, inputs), np.zeros(outputs, np.float32)

    def attention(layer: Any) -> None:
        norm(layer.layer_norm)
        sizes = (3, 1) if len(layer.linear) == 2 else (1, 2, 1)
        for part, size in zip(layer.linear, sizes, strict=True):
            linear(part, size * _WIDTH, _WIDTH)

    def feed(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, _INNER, _WIDTH)
        linear(layer.linear_1, _WIDTH, _INNER)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = array(_WIDTH, _MELS, 3), array(_WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = array(_WIDTH, _WIDTH, 3), array(_WIDTH)
    encoder.position_encodings.encodings = array(_FRAMES, _WIDTH)
    norm(encoder.layer_norm)
    for layer in encoder.layer:
        attention(layer.self_attention)
        feed(layer.ffn)
    decoder.embeddings.weight = array(len(tokens), _WIDTH)
    places = array(_TEXT, _WIDTH, scale=1.0)
    decoder.position_encodings.encodings = places
    norm(decoder.layer_norm)
    for layer in decoder.layer:
        attention(layer.self_attention)
        attention(layer.attention)
        feed(layer.ffn)
    linear(decoder.projection, len(tokens), _WIDTH)
    end = tokens.index("<|endoftext|>")
    spoken = [*range(1, 1 + len(WORDS)), end]
    decoder.projection.bias[spoken] = 10.0
    if sure:
        decoder.projection.weight[spoken] *= 10
        places[12:] = 5 * decoder.projection.weight[end]
    decoder.projection.bias[tokens.index(f"<|{language}|>")] = 8.0
    # A sentence lasts for a second and a half.
    decoder.projection.bias[tokens.index("<|0.00|>")] = 9.0
    decoder.projection.bias[tokens.index("<|1.50|>")] = 9.0
    spec.config.alignment_heads = [(0, 0), (0, 1)]
    spec.config.lang_ids = [tokens.index(f"<|{code}|>") for code in LANGUAGES]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.index("<|endoftext|>")]
    assert isinstance(spec, model_spec.LanguageModelSpec)
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))
    _tokenizer(tokens).save(str(folder / "tokenizer.json"))
    mels = {"feature_size": _MELS, "sampling_rate": 16_000, "hop_length": 160, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(mels), encoding="utf-8")
    return folder


def _vocabulary(many: bool) -> list[str]:
    words = ["<unk>", *(f" {word}" for word in WORDS)]
    special = [
        "<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES),
        "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>",
        "<|notimestamps|>",
    ]  # fmt: skip
    # The real models of many languages have an empty token, by which CTranslate2 knows them.
    return [
        *words, *([""] if many else []), *special,
        *(f"<|{number * 0.02:.2f}|>" for number in range(_TIMES)),
    ]  # fmt: skip


def _tokenizer(tokens: list[str]) -> Any:
    import tokenizers
    from tokenizers import decoders, models

    vocabulary = {token: number for number, token in enumerate(tokens)}
    made = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.decoder = decoders.Fuse()
    made.add_special_tokens([token for token in tokens if token.startswith("<|")])
    return made


LABELS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
"""The labels of a tiny text model: those of the default one."""


def text_model(
    folder: Path,
    labels: tuple[str, ...] = LABELS,
    *,
    favourite: str = "joy",
    several: bool = False,
    pickled: bool = False,
) -> Path:
    """Writes a RoBERTa that gives one label the most, whatever it reads; needs PyTorch.

    Args:
        folder: Where to.
        labels: Its labels.
        favourite: The label that it likes best.
        several: Make it one that gives several labels at once, by sigmoids.
        pickled: Write weights in PyTorch's own format.
    """
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(0)
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    vocabulary |= {word: number for number, word in enumerate(WORDS, start=4)}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", pad_token="<pad>", model_max_length=32
    ).save_pretrained(folder)
    config = transformers.RobertaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        type_vocab_size=1,
        pad_token_id=1,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        problem_type="multi_label_classification" if several else "single_label_classification",
    )
    model = transformers.RobertaForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.out_proj.bias[labels.index(favourite)] = 2.0
    model.save_pretrained(folder)
    if pickled:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder
