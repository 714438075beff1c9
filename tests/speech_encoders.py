"""Speech encoders of transformers with random weights, as small as their classes allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KINDS = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "whisper")
WIDTH, BLOCKS = 16, 3

# The first convolutions of all but Whisper: frames of 320 samples, as the real ones have.
_CONVOLUTIONS = {
    "conv_dim": (8,) * 7,
    "conv_stride": (5, 2, 2, 2, 2, 2, 2),
    "conv_kernel": (10, 3, 3, 3, 3, 2, 2),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}


def speech_encoder(folder: Path, kind: str, *, normalize: bool = True, **changes: Any) -> Path:
    """Writes an encoder; needs PyTorch and transformers.

    Args:
        folder: Where to.
        kind: One of `KINDS`.
        normalize: Whether its input is brought to unit variance.
        **changes: Fields of its configuration.
    """
    import torch
    import transformers

    torch.manual_seed(0)
    if kind == "whisper":
        config: Any = transformers.WhisperConfig(
            d_model=WIDTH, encoder_layers=BLOCKS, encoder_attention_heads=2, encoder_ffn_dim=32,
            decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=8, vocab_size=50,
            max_source_positions=50, pad_token_id=0, bos_token_id=1, eos_token_id=2,
            decoder_start_token_id=1, **changes,
        )  # fmt: skip
        extractor: Any = transformers.WhisperFeatureExtractor(chunk_length=1)
    else:
        sizes = {
            "hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "num_attention_heads": 2,
            "intermediate_size": 32, **_CONVOLUTIONS, **changes,
        }  # fmt: skip
        config = transformers.AutoConfig.for_model(kind, **sizes)
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=normalize)
    model = transformers.AutoModel.from_config(config)
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder
