"""The emotion of a text by a transformer, on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser.errors import ArtifactError
from ser.io.hub import NO_PROGRESS, DownloadProgress, ModelFiles, find_model
from ser.models.transformers_library import load_transformers
from ser.text.emotion.base import LabelProbabilities, common_names, normalize_scores

DEFAULT = "j-hartmann/emotion-english-distilroberta-base"
"""Ekman's six emotions and neutral, of English texts from six corpora (Hartmann 2022)."""

FILES = ModelFiles(
    "text classifier of transformers",
    "--text-model",
    (
        ("config.json",),
        # The first is numbers alone; of the second PyTorch reads numbers alone.
        ("model.safetensors", "pytorch_model.bin"),
        ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spm.model"),
    ),
    (
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "merges.txt",
        "vocab.json",
    ),
)

# Texts that are classified together.
_BATCH_SIZE = 16


class TransformerClassifier:
    """A text classifier of the Hugging Face Hub, or from a folder.

    It is run by the ``text-classification`` pipeline of transformers. Long texts are cut to what
    the model takes. No code from the model's folder is run.

    Args:
        name: A name on the hub, or a folder.
        offline: Never use the network.
        progress: Follows a download.

    Attributes:
        name: As given.
        labels: Its labels by their common names, in the order of the vocabulary.
        languages: ``en`` for the default, any for others: nothing in a model says it reliably.

    Raises:
        DependencyError: transformers or PyTorch is missing.
        SerError: The model is not there, see `ser.io.hub.find_model`.
        ArtifactError: It cannot be loaded, or its labels have no names.
    """

    def __init__(
        self, name: str, *, offline: bool = False, progress: DownloadProgress = NO_PROGRESS
    ) -> None:
        library = load_transformers("the emotion of words by a transformer")
        folder = find_model(name, FILES, offline=offline, progress=progress)
        self.name = name
        self.languages = frozenset({"en"}) if "english" in name.lower() else frozenset()
        self._pipeline = _load(library, name, folder)
        named = self._pipeline.model.config.id2label.values()
        if all(str(label).startswith("LABEL_") for label in named):
            raise ArtifactError(
                name, "has labels without names", "name them in id2label of its config.json"
            )
        self._names = common_names(map(str, named))
        self.labels = tuple(dict.fromkeys(self._names.values()))

    def classify(self, texts: Sequence[str]) -> list[LabelProbabilities]:
        """Gives the probability of every label for each text, in the order of `labels`."""
        found = self._pipeline(list(texts), top_k=None, truncation=True, batch_size=_BATCH_SIZE)
        return [
            normalize_scores({item["label"]: float(item["score"]) for item in items}, self._names)
            for items in found
        ]


def _load(library: Any, name: str, folder: Path) -> Any:
    try:
        model = library.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        tokenizer = library.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        return library.pipeline("text-classification", model=model, tokenizer=tokenizer)
    except Exception as error:
        # What a damaged or foreign folder makes transformers raise is not documented.
        reason = str(error).strip().split("\n")[0]
        raise ArtifactError(
            name,
            f"cannot be loaded by transformers ({reason})",
            "give another --text-model, or delete it from the cache and download it again",
        ) from error
