"""Names of files, and what the readers of the corpora make of them."""

from __future__ import annotations

from pathlib import Path

from ser.corpora.base import Clip
from ser.corpora.registry import CORPORA

GOOD = [
    # reader, path, emotion, speaker, text, intensity, gender
    ("ravdess", "Actor_12/03-01-06-01-02-01-12.wav", "fearful", "12", "02", "normal", "female"),
    ("ravdess", "03-01-01-01-01-02-01.flac", "neutral", "01", "01", "normal", "male"),
    ("ravdess", "03-02-02-02-01-01-23.wav", "calm", "23", "01", "strong", "male"),
    ("ravdess", "Video_Speech_Actor_01/01-01-08-02-02-02-01.mp4", "surprised", "01", "02",
     "strong", "male"),
    ("ravdess", "02-01-07-02-02-02-24.mp4", "disgust", "24", "02", "strong", "female"),
    ("crema_d", "AudioWAV/1001_DFA_ANG_XX.wav", "angry", "1001", "DFA", "", ""),
    ("crema_d", "1091_IEO_DIS_HI.mp3", "disgust", "1091", "IEO", "strong", ""),
    ("crema_d", "1040_ITH_SAD_X.wav", "sad", "1040", "ITH", "", ""),
    ("crema_d", "1002_IEO_FEA_LO.wav", "fearful", "1002", "IEO", "low", ""),
    ("crema_d", "1002_ieo_hap_md.wav", "happy", "1002", "IEO", "normal", ""),
    ("tess", "YAF_pleasant_surprised/YAF_back_ps.wav", "surprised", "YAF", "back", "", "female"),
    ("tess", "OAF_Pleasant_surprise/OAF_back_ps.wav", "surprised", "OAF", "back", "", "female"),
    ("tess", "OAF_Fear/OAF_back_fear.wav", "fearful", "OAF", "back", "", "female"),
    ("tess", "all/OAF_back_fear.ogg", "fearful", "OAF", "back", "", "female"),
    ("tess", "OAF_neutral/OA_bite_neutral.wav", "neutral", "OAF", "bite", "", "female"),
    ("tess", "YAF_pleasant_surprised/YAF_back.wav", "surprised", "YAF", "back", "", "female"),
    ("tess", "x/YAF_back_pleasant_surprise.wav", "surprised", "YAF", "back", "", "female"),
    ("tess", "ps/yaf_Back_PS.WAV", "surprised", "YAF", "back", "", "female"),
    ("emodb", "wav/03a01Fa.wav", "happy", "03", "a01", "", "male"),
    ("emodb", "16b10Lb.wav", "boredom", "16", "b10", "", "female"),
    ("emodb", "08a02Ac.wav", "fearful", "08", "a02", "", "female"),
    ("emodb", "15b03Wa.wav", "angry", "15", "b03", "", "male"),
    ("emodb", "09a05Ea.wav", "disgust", "09", "a05", "", "female"),
    ("emodb", "10a07Ta.wav", "sad", "10", "a07", "", "male"),
    ("emodb", "11b01Na.wav", "neutral", "11", "b01", "", "male"),
    ("savee", "DC_a01.wav", "angry", "DC", "a01", "", "male"),
    ("savee", "AudioData/JE/sa15.wav", "sad", "JE", "sa15", "", "male"),
    ("savee", "JK_su03.wav", "surprised", "JK", "su03", "", "male"),
    ("savee", "KL_n30.wav", "neutral", "KL", "n30", "", "male"),
    ("savee", "KL_f01.wav", "fearful", "KL", "f01", "", "male"),
    ("savee", "KL_h01.wav", "happy", "KL", "h01", "", "male"),
    ("savee", "KL_d01.wav", "disgust", "KL", "d01", "", "male"),
    ("nemo", "samples/EB0_anger_1.wav", "angry", "EB0", "1", "", ""),
    ("nemo", "WR0_surprised_64.ogg", "surprised", "WR0", "64", "", ""),
    ("nemo", "EB0_fear_07.wav", "fearful", "EB0", "7", "", ""),
    ("nemo", "WR0_happiness_9.ogg", "happy", "WR0", "9", "", ""),
    ("esd", "0011/Angry/0011_000351.wav", "angry", "0011", "en1", "", "male"),
    ("esd", "0001/Surprise/evaluation/0001_001750.wav", "surprised", "0001", "zh350", "", "female"),
    ("esd", "ESD/0020/Neutral/train/0020_000350.flac", "neutral", "0020", "en350", "", "male"),
    ("esd", "0015/happy/test/0015_000720.wav", "happy", "0015", "en20", "", "female"),
    ("ased", "01Neutral/n1-01-02-02-17.wav", "neutral", "17", "01", "", "male"),
    ("ased", "04Sad/S4-04-02-01-29.ogg", "sad", "29", "s04", "", "female"),
    ("ased", "f2-07-01-02-09.wav", "fearful", "09", "f07", "", "female"),
    ("ased", "05Angry/a5-02-01-02-65.wav", "angry", "65", "02", "", "male"),
    ("ased", "h3-03-01-01-01.wav", "happy", "01", "h03", "", "female"),
    ("folders", "data/angry/x.wav", "angry", "", "", "", ""),
    ("folders", "Pleasant surprise/x.m4a", "surprised", "", "", "", ""),
    ("folders", "BOREDOM/03a01Fa.wav", "boredom", "", "", "", ""),
]  # fmt: skip


BAD = [
    ("ravdess", "03-01-09-01-01-01-01.wav"),  # there is no ninth emotion
    ("ravdess", "03-01-00-01-01-01-01.wav"),
    ("ravdess", "03-01-05-01-01-01-25.wav"),  # there is no 25th actor
    ("ravdess", "03-01-05-01-01-01-00.wav"),
    ("ravdess", "03-03-05-01-01-01-01.wav"),
    ("ravdess", "03-01-05-01-01-01.wav"),
    ("ravdess", "03-01-05-01-01-01-01-copy.wav"),
    ("ravdess", "3-1-5-1-1-1-1.wav"),
    ("ravdess", "notes.wav"),
    ("crema_d", "1001_DFA_XXX_XX.wav"),
    ("crema_d", "1001_ABC_ANG_XX.wav"),
    ("crema_d", "1000_DFA_ANG_XX.wav"),
    ("crema_d", "1092_DFA_ANG_XX.wav"),
    ("crema_d", "1001_DFA_ANG.wav"),
    ("tess", "OAF_back.wav"),
    ("tess", "OAF_back_boredom.wav"),
    ("tess", "MAF_back_fear.wav"),
    ("tess", "OAF_angry/readme.wav"),
    ("emodb", "04a01Fa.wav"),  # speakers are numbered with gaps
    ("emodb", "03a01Xa.wav"),
    ("emodb", "03c01Fa.wav"),
    ("emodb", "3a01Fa.wav"),
    ("savee", "XX_a01.wav"),
    ("savee", "somewhere/a01.wav"),
    ("savee", "DC_b01.wav"),
    ("savee", "DC_a1.wav"),
    ("nemo", "EB0_boredom_1.wav"),
    ("nemo", "EB0_anger_x.wav"),
    ("nemo", "EB_anger_1.wav"),
    ("esd", "0011/Angry/0021_000351.wav"),  # there are twenty speakers
    ("esd", "0011/train/0011_000351.wav"),
    ("esd", "0011/Angry/more/0011_000351.wav"),
    ("esd", "0011/Angry/0011_351.wav"),
    ("ased", "n2-01-02-02-17.wav"),
    ("ased", "n1-08-02-02-17.wav"),
    ("ased", "n1-01-02-03-17.wav"),
    ("ased", "n1-01-02-02-66.wav"),
    ("folders", "music/x.wav"),
    ("folders", "x.wav"),
    ("folders", "angry/more/x.wav"),
]


def check_names(reader: str) -> None:
    """Reads all names of a corpus, and refuses all that are none."""
    cases = [case for case in GOOD if case[0] == reader]
    assert cases
    for _, name, emotion, speaker, text, intensity, gender in cases:
        path = Path("corpus", name)
        expected = Clip(path, emotion, speaker, reader, text, intensity, gender)
        assert CORPORA[reader].parse(path) == expected
    for other, name in BAD:
        if other == reader:
            assert CORPORA[reader].parse(Path("corpus", name)) is None, name


def touch(folder: Path, *names: str) -> list[Path]:
    """Makes empty files: the search reads names and never opens audio."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths
