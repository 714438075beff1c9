"""librosa is what the features are compared with; its functions are compiled here, by one process.

Two test runs that compile at the same time can leave a cache of numba that crashes every later
process, so they take turns, as `ser.features.pyin` does. A warm cache makes this quick.
"""

from __future__ import annotations

import numpy as np

from ser.features.pyin import one_at_a_time, pyin

pyin()
with one_at_a_time():
    import librosa

    _noise = np.random.default_rng(0).normal(size=4096).astype(np.float32)
    librosa.feature.chroma_stft(y=_noise)
    librosa.feature.zero_crossing_rate(_noise)
    librosa.effects.trim(_noise)
