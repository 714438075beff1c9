"""Speech-like sound without a recording: a small formant synthesiser, and corpora made with it.

A Rosenberg glottal pulse train and noise go through formant resonators that move from vowel to
vowel. An emotion shifts pitch, pitch range, level, rate and spectral tilt by what those differ by
in RAVDESS (medians of strong clips against neutral ones), so a classifier has something to learn.

    python tests/speech.py demo.wav     writes a recording of one voice in several emotions

Everything is decided by seeds: the same arguments give the same sound (to rounding) everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Manner:
    """How strong an emotion sounds beside the same speaker's neutral voice."""

    pitch: float = 0.0  # semitones
    pitch_range: float = 1.0  # factor on the standard deviation in semitones
    level: float = 0.0  # decibels
    duration: float = 1.0  # factor
    tilt: float = 0.0  # decibels, 1-4 kHz against 0-1 kHz
    jitter: float = 0.008  # standard deviation of a glottal period, as a fraction
    breath: float = 0.03  # aspiration noise beside the voice, as a fraction


MANNERS: dict[str, Manner] = {
    "neutral": Manner(),
    "calm": Manner(-0.5, 0.89, -3.8, 1.28, -1.5, 0.006, 0.05),
    "happy": Manner(8.8, 1.42, 14.3, 1.12, 4.4, 0.008, 0.02),
    "sad": Manner(4.8, 0.99, 4.5, 1.27, 0.6, 0.014, 0.10),
    "angry": Manner(9.9, 1.39, 21.7, 1.20, 7.3, 0.020, 0.02),
    "fearful": Manner(12.9, 0.95, 18.8, 1.08, 3.9, 0.024, 0.08),
    "disgust": Manner(2.0, 1.45, 6.6, 1.37, 1.9, 0.016, 0.05),
    "surprised": Manner(6.8, 1.84, 10.2, 1.02, 1.8, 0.008, 0.04),
    "boredom": Manner(-1.5, 0.6, -3.0, 1.35, -2.0, 0.006, 0.04),
}
EMOTIONS: tuple[str, ...] = tuple(list(MANNERS)[:8])  # the eight of RAVDESS, in its order

# First three formants of a man's vowels in hertz (Peterson and Barney 1952).
VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
# Where formants start from behind a consonant, its noise band in hertz (0: none) and kind.
CONSONANTS = {
    "b": ((250, 800, 2200), 0, "stop"),
    "t": ((300, 1750, 2600), 4200, "stop"),
    "k": ((300, 2000, 2400), 2200, "stop"),
    "s": ((300, 1700, 2600), 5500, "fricative"),
    "f": ((300, 1000, 2300), 3500, "fricative"),
    "h": ((450, 1500, 2500), 1800, "fricative"),
    "m": ((250, 1000, 2200), 0, "nasal"),
    "n": ((250, 1600, 2500), 0, "nasal"),
    "l": ((350, 1200, 2700), 0, "nasal"),
}
_NEUTRAL_DBFS = -38.0  # the RMS of neutral speech; angry speech then peaks just under full scale
_HUM_DBFS = -78.0
_BASE_RANGE = 1.8  # standard deviation of a neutral voice's pitch in semitones
_SYLLABLE = 0.17  # seconds in a neutral voice


@dataclass(frozen=True)
class Voice:
    """What stays the same in everything that one speaker says."""

    female: bool
    pitch: float  # hertz
    tract: float  # factor on the formants of a man: a shorter tract has higher ones
    level: float  # decibels
    tilt: float  # decibels
    rate: float  # factor on durations

    @classmethod
    def of(cls, speaker: int) -> Voice:
        """Makes the voice of a speaker; even numbers are women, as in RAVDESS."""
        rng = np.random.default_rng([speaker, 7])
        female = speaker % 2 == 0
        return cls(
            female=female,
            pitch=(200.0 if female else 110.0) * 2 ** (rng.uniform(-2, 2) / 12),
            tract=(1.16 if female else 1.0) * rng.uniform(0.95, 1.05),
            level=rng.uniform(-2, 2),
            tilt=rng.uniform(-1, 1),
            rate=rng.uniform(0.93, 1.07),
        )


def manner_of(emotion: str, intensity: str = "normal") -> Manner:
    """Gives the manner of an emotion; normal intensity goes half of the strong one's way."""
    strong, plain = MANNERS[emotion], MANNERS["neutral"]
    if intensity == "strong":
        return strong
    return Manner(
        strong.pitch / 2,
        strong.pitch_range**0.5,
        strong.level / 2,
        strong.duration**0.5,
        strong.tilt / 2,
        (strong.jitter + plain.jitter) / 2,
        (strong.breath + plain.breath) / 2,
    )


def render(
    emotion: str,
    speaker: int,
    *,
    seed: int,
    sample_rate: int = 16_000,
    seconds: float = 2.0,
    text: int = 1,
    intensity: str = "normal",
) -> Samples:
    """Says one sentence.

    Args:
        emotion: One of `MANNERS`.
        speaker: Number of the voice; even numbers are women.
        seed: The take: another seed is the same sentence said again.
        sample_rate: Hertz.
        seconds: Length of the clip; speech fills about 60 % to 85 % of it, silence the rest.
        text: Number of the sentence: the same number has the same syllables from every speaker.
        intensity: ``normal`` or ``strong``.

    Returns:
        Samples in -1 to 1 of shape (round(seconds * sample_rate),).
    """
    voice, manner = Voice.of(speaker), manner_of(emotion, intensity)
    rng = np.random.default_rng([seed, speaker, text, list(MANNERS).index(emotion)])
    score = _score(text, seconds, manner.duration * voice.rate, rng)
    return _perform(score, voice, manner, rng, sample_rate, seconds)


def render_demo(sample_rate: int = 16_000, speaker: int = 2, seed: int = 1) -> Samples:
    """Says several phrases in one voice, each in another emotion, with pauses between them.

    Returns:
        About 14 seconds of samples.
    """
    phrases = ("neutral", "happy", "angry", "sad", "surprised", "calm")
    pause = np.zeros(round(0.25 * sample_rate), np.float32)
    parts: list[Samples] = []
    for number, emotion in enumerate(phrases):
        parts += [
            render(
                emotion,
                speaker,
                seed=seed,
                sample_rate=sample_rate,
                text=number + 1,
                intensity="strong",
            ),
            pause,
        ]
    rng = np.random.default_rng(seed)
    demo = np.concatenate(parts)
    hum = rng.standard_normal(len(demo)) * 10 ** (_HUM_DBFS / 20)
    return (demo + hum).astype(np.float32)


@dataclass(frozen=True)
class _Score:
    """A sentence as tracks over time: breakpoints in seconds, and values at them."""

    times: npt.NDArray[np.float64]
    formants: npt.NDArray[np.float64]  # (breakpoints, 3), hertz, of a man
    voicing: npt.NDArray[np.float64]
    noise: npt.NDArray[np.float64]
    band: npt.NDArray[np.float64]  # centre of the noise, hertz
    accents: npt.NDArray[np.float64]  # (syllables, 2): seconds, semitones before scaling


def _score(text: int, seconds: float, stretch: float, rng: np.random.Generator) -> _Score:
    # The words come from a generator of their own, so that every take has the same ones.
    words = np.random.default_rng([text, 99])
    count = max(2, round(0.6 * seconds / _SYLLABLE))
    stretch = min(stretch, 0.9 * seconds / (count * _SYLLABLE))
    length = _SYLLABLE * stretch
    pauses = max(0, count // 9)
    clock = max(0.02, 0.3 * (seconds - count * length - pauses * 0.2 * stretch))
    rows: list[tuple[float, tuple[float, ...], float, float, float]] = []
    accents: list[tuple[float, float]] = []
    here: tuple[float, ...] = (500.0, 1500.0, 2500.0)
    per_phrase = count / (pauses + 1)
    for number in range(count):
        vowel = VOWELS[str(words.choice(list(VOWELS)))]
        locus, band, kind = CONSONANTS[str(words.choice(list(CONSONANTS)))]
        stress = words.uniform(0.6, 1.0)
        span = length * (0.8 + 0.4 * words.random()) * rng.uniform(0.95, 1.05)
        onset = min(0.07, 0.35 * span)
        place = number % per_phrase / per_phrase
        accents.append((clock + 0.6 * span, 2.0 - 4.0 * place + 4.0 * stress + rng.normal(0, 0.3)))
        voiced, noisy = {"stop": (0.02, 0.0), "fricative": (0.0, 0.35), "nasal": (0.35, 0.0)}[kind]
        burst = 0.5 if kind == "stop" and band else 0.0
        rows += [
            (clock, here, voiced, noisy, band or 3000.0),
            (clock + 0.8 * onset, locus, voiced, noisy, band or 3000.0),
            (clock + onset, locus, voiced, noisy or burst, band or 3000.0),
            (clock + onset + 0.015, locus, 0.6 * stress, 0.0, band or 3000.0),
            (clock + onset + 0.05, vowel, stress, 0.0, 3000.0),
            (clock + 0.9 * span, vowel, 0.85 * stress, 0.0, 3000.0),
        ]
        here = vowel
        clock += span
        if pauses and int((number + 1) / per_phrase) > int(number / per_phrase):
            rows += [
                (clock + 0.03, vowel, 0.0, 0.0, 3000.0),
                (clock + 0.19 * stretch, vowel, 0.0, 0.0, 3000.0),
            ]
            clock += 0.2 * stretch
    rows.insert(0, (rows[0][0] - 0.01, rows[0][1], 0.0, 0.0, rows[0][4]))
    rows.append((clock + 0.03, here, 0.0, 0.0, 3000.0))
    return _Score(
        times=np.array([row[0] for row in rows]),
        formants=np.array([row[1] for row in rows], dtype=float),
        voicing=np.array([row[2] for row in rows]),
        noise=np.array([row[3] for row in rows]),
        band=np.array([row[4] for row in rows]),
        accents=np.array(accents),
    )


def _perform(
    score: _Score,
    voice: Voice,
    manner: Manner,
    rng: np.random.Generator,
    sample_rate: int,
    seconds: float,
) -> Samples:
    count = round(seconds * sample_rate)
    pulses = _glottis(_pitch(score, voice, manner), manner.jitter, rng, sample_rate, count)
    hiss = rng.standard_normal(count)

    # Short frames, each through its own resonators, overlap-added: a filter that moves without a
    # loop over samples. The transform is longer than the frame to hold the resonators' ringing.
    hop = max(1, round(0.005 * sample_rate))
    size = 4 * hop
    transform = 1 << int(np.ceil(np.log2(size + 0.03 * sample_rate)))
    frames = count // hop + 4
    padded = np.zeros((2, frames * hop + size))
    padded[0, size // 2 : size // 2 + count] = pulses
    padded[1, size // 2 : size // 2 + count] = hiss
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    starts = np.arange(frames) * hop
    cut = padded.astype(np.float32)[:, starts[:, None] + np.arange(size)] * window
    spectra = np.fft.rfft(cut, transform).astype(np.complex64)
    frequencies = np.fft.rfftfreq(transform, 1 / sample_rate).astype(np.float32)

    now = starts / sample_rate
    voicing = np.interp(now, score.times, score.voicing).astype(np.float32)[:, None]
    noise = np.interp(now, score.times, score.noise).astype(np.float32)[:, None]
    band = np.interp(now, score.times, score.band).astype(np.float32)[:, None]
    tract = _tract(score, voice, now, frequencies, sample_rate)
    voiced = (spectra[0] + np.float32(manner.breath) * spectra[1]) * tract * voicing
    width = np.float32(0.25) * band + np.float32(300)
    shape = noise / (1 + ((frequencies - band) / width) ** 2)
    frication = spectra[1] * shape * np.float32(0.5)
    tilt = _tilt(manner.tilt + voice.tilt, frequencies)
    pieces = np.fft.irfft((voiced + frication) * tilt, transform).astype(np.float32)

    out = np.zeros(frames * hop + transform + hop, np.float32)
    for part in range(0, transform, hop):
        piece = pieces[:, part : part + hop]
        body = out[part : part + frames * hop].reshape(frames, hop)
        body[:, : piece.shape[1]] += piece
    out = out[size // 2 : size // 2 + count]

    active = out[np.abs(out) > 0.05 * np.abs(out).max()]
    level = _NEUTRAL_DBFS + manner.level + voice.level + rng.normal(0, 0.5)
    out *= np.float32(10 ** (level / 20) / np.sqrt(np.mean(active**2)))
    out += (10 ** (_HUM_DBFS / 20) * rng.standard_normal(count)).astype(np.float32)
    return (out / max(1.0, float(np.abs(out).max()) / 0.98)).astype(np.float32)


def _pitch(
    score: _Score, voice: Voice, manner: Manner
) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    times, shape = score.accents.T
    unit = (shape - shape.mean()) / max(float(shape.std()), 1e-6)
    semitones = manner.pitch + unit * _BASE_RANGE * manner.pitch_range
    return lambda now: voice.pitch * 2 ** (np.interp(now, times, semitones) / 12)


def _glottis(
    pitch: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
    jitter: float,
    rng: np.random.Generator,
    sample_rate: int,
    count: int,
) -> npt.NDArray[np.float64]:
    # Rendered at twice the rate and cut to half the band, or the sharp closures would alias.
    steady = pitch(np.arange(2 * count) / (2 * sample_rate)) / (2 * sample_rate)
    cycle = np.cumsum(steady).astype(np.int64)
    wobble = rng.standard_normal((2, cycle[-1] + 1))
    phase = np.cumsum(steady * (1 + jitter * wobble[0, cycle])) % 1.0
    # Derivative of Rosenberg's pulse (1971, type C): opening half a cosine, closing a quarter.
    opening, closing = 0.4, 0.16
    rising = np.pi / (2 * opening) * np.sin(np.pi * phase / opening)
    falling = -np.pi / (2 * closing) * np.sin(np.pi * (phase - opening) / (2 * closing))
    flow = np.where(phase < opening, rising, np.where(phase < opening + closing, falling, 0.0))
    flow *= 1 + 3 * jitter * wobble[1, cycle]
    spectrum = np.fft.rfft(flow)[: count // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, count)) / 4


def _tract(
    score: _Score,
    voice: Voice,
    now: npt.NDArray[np.float64],
    frequencies: npt.NDArray[np.float32],
    sample_rate: int,
) -> npt.NDArray[np.complex64]:
    moving = [np.interp(now, score.times, track) for track in score.formants.T]
    still = [np.full_like(now, 3500.0), np.full_like(now, 4500.0)]
    widths = (70.0, 100.0, 150.0, 220.0, 300.0)
    delay = np.exp(-2j * np.pi * frequencies / sample_rate).astype(np.complex64)
    response = np.ones((len(now), len(frequencies)), np.complex64)
    for track, width in zip(moving + still, widths, strict=True):
        centre = np.minimum(track * voice.tract, 0.45 * sample_rate)
        radius = np.exp(-np.pi * width / sample_rate)
        bend = (2 * radius * np.cos(2 * np.pi * centre / sample_rate))[:, None]
        gain = 1 - bend + radius**2  # one at 0 Hz
        poles = 1 - bend.astype(np.float32) * delay + np.float32(radius**2) * delay**2
        response *= gain.astype(np.float32) / poles
    return response


def _tilt(decibels: float, frequencies: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    octaves = np.log2(np.maximum(frequencies, 50.0) / 1000.0)
    return (10 ** (decibels / 20 / (1 + np.exp(-3.0 * octaves)))).astype(np.float32)


# --------------------------------------------------------------------- corpora under real names

_CREMA_D = {"angry": "ANG", "disgust": "DIS", "fearful": "FEA", "happy": "HAP", "neutral": "NEU",
            "sad": "SAD"}  # fmt: skip
_EMODB = {"angry": "W", "boredom": "L", "disgust": "E", "fearful": "A", "happy": "F", "sad": "T",
          "neutral": "N"}  # fmt: skip
_SAVEE = {"angry": "a", "disgust": "d", "fearful": "f", "happy": "h", "neutral": "n", "sad": "sa",
          "surprised": "su"}  # fmt: skip
_NEMO = {"angry": "anger", "fearful": "fear", "happy": "happiness", "neutral": "neutral",
         "sad": "sadness", "surprised": "surprised"}  # fmt: skip
_TESS = {"angry": "angry", "disgust": "disgust", "fearful": "fear", "happy": "happy",
         "neutral": "neutral", "surprised": "ps", "sad": "sad"}  # fmt: skip
# The published TESS spells its folders in these ways, and so do its copies.
_TESS_FOLDERS = {
    "OAF": {"fearful": "Fear", "surprised": "Pleasant_surprise", "sad": "Sad"},
    "YAF": {"surprised": "pleasant_surprised"},
}
_WORDS = ("back", "bar", "base", "bath", "bean", "beg", "bite", "boat", "bone", "book")
_SENTENCES = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
_EMODB_SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")
_EMODB_TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
_SAVEE_SPEAKERS = ("DC", "JE", "JK", "KL")
_NEMO_SPEAKERS = (("EB0", "female"), ("WR0", "male"), ("ML0", "female"), ("MA0", "male"))
_WOMEN = {"EmoDB": ("08", "09", "13", "14", "16")}


@dataclass(frozen=True)
class _Take:
    speaker: int  # from 1
    emotion: str
    number: int  # from 0
    text: int  # from 1
    intensity: str
    voice: int  # even: a woman's


# Which sentence a take says, how strongly, and which time it is said: RAVDESS' whole design.
_PLAN = (
    (1, "normal", 1), (2, "strong", 1), (2, "normal", 1), (1, "strong", 1),
    (1, "normal", 2), (2, "strong", 2), (2, "normal", 2), (1, "strong", 2),
)  # fmt: skip


def write_corpus(
    kind: str,
    folder: Path,
    *,
    speakers: int = 2,
    takes: int = 1,
    emotions: Sequence[str] | None = None,
    seconds: float = 1.0,
    sample_rate: int = 16_000,
    extension: str = "wav",
) -> list[Path]:
    """Writes a small synthetic corpus with the file names and folders of a real one.

    Args:
        kind: ``ravdess``, ``ravdess-song``, ``crema_d``, ``tess``, ``tess-flat``, ``emodb``,
            ``savee``, ``nemo`` (with ``data.tsv``), ``folders`` or ``manifest``.
        folder: Where to write; made when it is missing.
        speakers: How many, as far as the corpus has them (TESS has two, SAVEE four).
        takes: Clips per speaker and emotion, at most 8.
        emotions: Canonical names; None is all that the corpus has.
        seconds: Length of a clip.
        sample_rate: Hertz.
        extension: Any that soundfile writes: ``wav``, ``flac``, ``ogg``.

    Returns:
        The audio files, sorted.
    """
    import soundfile as sf

    writer, names = _KINDS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [e for e in (emotions if emotions is not None else names) if e in names]
    written = []
    for name, take in writer(_takes(kind, speakers, takes, chosen)):
        samples = render(
            take.emotion,
            take.voice,
            seed=take.number,
            sample_rate=sample_rate,
            seconds=seconds,
            text=take.text,
            intensity=take.intensity,
        )
        path = folder / f"{name}.{extension}"
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, samples, sample_rate)
        written.append(path)
    if kind == "nemo":
        _write_nemo_table(folder, written)
    if kind == "manifest":
        _write_manifest(folder, written)
    return sorted(written)


def _takes(kind: str, speakers: int, takes: int, emotions: Sequence[str]) -> Iterable[_Take]:
    most = {"tess": 2, "tess-flat": 2, "emodb": 10, "savee": 4, "nemo": 4, "ravdess": 24}
    for speaker in range(1, min(speakers, most.get(kind, speakers)) + 1):
        for emotion in emotions:
            for number in range(takes):
                text, intensity, _ = _PLAN[number]
                if emotion == "neutral":
                    intensity = "normal"
                yield _Take(speaker, emotion, number, text, intensity, _voice(kind, speaker))


def _voice(kind: str, speaker: int) -> int:
    """Gives a corpus's speaker a voice of the documented gender."""
    if kind.startswith("tess"):
        return 2 * speaker
    if kind == "savee":
        return 2 * speaker + 1
    if kind == "emodb":
        return 2 * speaker + (_EMODB_SPEAKERS[speaker - 1] not in _WOMEN["EmoDB"])
    if kind == "nemo":
        return 2 * speaker + (_NEMO_SPEAKERS[speaker - 1][1] == "male")
    return speaker


Named = Iterable[tuple[str, _Take]]


def _ravdess(takes: Iterable[_Take], channel: str = "01") -> Named:
    seen: dict[tuple[object, ...], int] = {}
    for take in takes:
        strength = "02" if take.intensity == "strong" else "01"
        # Neutral has no strong takes, so its plan says the same thing again: a repetition.
        what = (take.speaker, take.emotion, strength, take.text)
        seen[what] = seen.get(what, 0) + 1
        if seen[what] > 2:  # RAVDESS repeats once
            continue
        code = EMOTIONS.index(take.emotion) + 1
        yield (
            f"Actor_{take.speaker:02d}/03-{channel}-{code:02d}-{strength}-{take.text:02d}-"
            f"{seen[what]:02d}-{take.speaker:02d}",
            take,
        )


def _ravdess_song(takes: Iterable[_Take]) -> Named:
    return _ravdess(takes, "02")


def _crema_d(takes: Iterable[_Take]) -> Named:
    for take in takes:
        level = ("XX", "HI", "LO", "MD")[take.number % 4]
        sentence = _SENTENCES[take.number % len(_SENTENCES)]
        yield f"{1000 + take.speaker}_{sentence}_{_CREMA_D[take.emotion]}_{level}", take


def _tess(takes: Iterable[_Take]) -> Named:
    for name, take in _tess_flat(takes):
        actress = ("OAF", "YAF")[take.speaker - 1]
        spelling = _TESS_FOLDERS[actress].get(take.emotion, _TESS[take.emotion])
        yield f"{actress}_{spelling}/{name}", take


def _tess_flat(takes: Iterable[_Take]) -> Named:
    for take in takes:
        actress = ("OAF", "YAF")[take.speaker - 1]
        yield f"{actress}_{_WORDS[take.number]}_{_TESS[take.emotion]}", take


def _emodb(takes: Iterable[_Take]) -> Named:
    for take in takes:
        speaker = _EMODB_SPEAKERS[take.speaker - 1]
        yield f"wav/{speaker}{_EMODB_TEXTS[take.number]}{_EMODB[take.emotion]}a", take


def _savee(takes: Iterable[_Take]) -> Named:
    for take in takes:
        speaker = _SAVEE_SPEAKERS[take.speaker - 1]
        yield f"{speaker}_{_SAVEE[take.emotion]}{take.number + 1:02d}", take


def _nemo(takes: Iterable[_Take]) -> Named:
    for take in takes:
        speaker = _NEMO_SPEAKERS[take.speaker - 1][0]
        yield f"samples/{speaker}_{_NEMO[take.emotion]}_{take.number + 1}", take


def _folders(takes: Iterable[_Take]) -> Named:
    for take in takes:
        yield f"{take.emotion}/s{take.speaker}-{take.number}", take


def _manifest(takes: Iterable[_Take]) -> Named:
    for take in takes:
        yield f"audio/{take.emotion}-{take.speaker}-{take.number}", take


_KINDS: dict[str, tuple[Callable[[Iterable[_Take]], Named], tuple[str, ...]]] = {
    "ravdess": (_ravdess, EMOTIONS),
    "ravdess-song": (_ravdess_song, EMOTIONS[:6]),
    "crema_d": (_crema_d, tuple(_CREMA_D)),
    "tess": (_tess, tuple(_TESS)),
    "tess-flat": (_tess_flat, tuple(_TESS)),
    "emodb": (_emodb, tuple(_EMODB)),
    "savee": (_savee, tuple(_SAVEE)),
    "nemo": (_nemo, tuple(_NEMO)),
    "folders": (_folders, EMOTIONS),
    "manifest": (_manifest, EMOTIONS),
}


def _write_nemo_table(folder: Path, written: Iterable[Path]) -> None:
    gender = dict(_NEMO_SPEAKERS)
    lines = ["file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"]
    for path in written:
        speaker, emotion, number = path.stem.split("_")
        # The published table says .wav whatever the files are, and pads its speakers.
        lines.append(
            f"{path.stem}.wav\t{emotion}\tZdanie {number}.\tzdanie {number}\t"
            f"{speaker:>11}\t{gender[speaker]}\t30"
        )
    (folder / "data.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_manifest(folder: Path, written: Iterable[Path]) -> None:
    lines = ["path,emotion,speaker,gender"]
    for path in written:
        emotion, speaker, _ = path.stem.split("-")
        gender = "male" if int(speaker) % 2 else "female"
        lines.append(f"{path.relative_to(folder).as_posix()},{emotion},s{speaker},{gender}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(target: str) -> None:
    """Writes the demo recording."""
    import soundfile as sf

    sf.write(target, render_demo(), 16_000)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/speech.py demo.wav")
    main(sys.argv[1])
