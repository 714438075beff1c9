"""The file of a search: what it proposes, what it keeps, what it refuses."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ser.errors import SerError
from ser.models.base import Value
from ser.training.tuning.space import SearchRange
from ser.training.tuning.study import Study, load_optuna, rename_existing
from ser.training.tuning.trial import Trial

SPACE = {
    "lr": SearchRange(1e-4, 1e-2, log=True),
    "dropout": SearchRange(0.1, 0.6),
    "units": SearchRange(64, 256, log=True, integer=True),
    "kernel": SearchRange(choices=(3, 5)),
}
FIRST: dict[str, Value] = {"lr": 1e-3, "dropout": 0.3, "units": 128, "kernel": 3}
PRINT = {"table": "t", "seed": "0"}


def opened(database: Path, seed: int = 0, fingerprint: Mapping[str, str] = PRINT) -> Study:
    return Study(database, "cnn", SPACE, FIRST, fingerprint, seed)


def test_a_search_of_an_earlier_version_has_the_former_names(tmp_path: Path) -> None:
    space = {"spectral_networks": SearchRange(1, 3, integer=True)}
    first: dict[str, Value] = {"spectral_networks": 2}
    study = Study(tmp_path / "s.db", "prosody-cnn", space, first, PRINT, 0)
    assert study.ask() == first
    trial = study.tell("complete", 0.5, [0.5], 1.0)
    assert trial.values == first
    study.close()
    with sqlite3.connect(tmp_path / "s.db") as database:
        assert database.execute("SELECT param_name FROM trial_params").fetchall() == [("pictures",)]
    again = Study(tmp_path / "s.db", "prosody-cnn", space, first, PRINT, 0)
    assert [trial.values for trial in again.trials] == [first]
    again.close()


def worth(values: Mapping[str, Value]) -> float:
    """Best at a dropout of a half."""
    return 1 - abs(float(values["dropout"]) - 0.5)


def go_on(study: Study, count: int) -> list[Trial]:
    for _ in range(count):
        score = worth(study.ask())
        study.report(0, score / 2)
        study.tell("complete", score, [score], 1.0)
    study.close()
    return study.trials


def test_proposals_are_within_the_space_and_the_first_is_given(tmp_path: Path) -> None:
    trials = go_on(opened(tmp_path / "s.db"), 25)
    assert trials[0].values == FIRST
    assert [t.number for t in trials] == list(range(1, 26))
    for trial in trials:
        assert list(trial.values) == list(SPACE)
        assert all(value in SPACE[name] for name, value in trial.values.items())
        assert isinstance(trial.values["units"], int)
        assert trial.score == worth(trial.values)
        assert trial.steps == {0: worth(trial.values) / 2}
    assert {t.values["kernel"] for t in trials} == {3, 5}
    # It learns: what comes late is better than what was drawn by lot.
    early, late = ([t.score or 0 for t in part] for part in (trials[1:9], trials[-8:]))
    assert sum(late) > sum(early)


def test_the_seed_decides_and_interruptions_do_not(tmp_path: Path) -> None:
    whole = go_on(opened(tmp_path / "a.db"), 10)
    assert go_on(opened(tmp_path / "b.db"), 10) == whole
    other = go_on(opened(tmp_path / "c.db", seed=1), 2)
    assert other[0] == whole[0]
    assert other[1] != whole[1]
    for cut in (0, 1, 9):
        database = tmp_path / f"{cut}.db"
        study = opened(database)
        go_on(study, cut)
        # A killed process leaves a trial half done, and an interrupted one gives it up.
        study.ask()
        study.report(0, 0.1)
        if cut % 2:
            study.give_up()
        study.close()
        study = opened(database)
        assert study.trials == whole[:cut]
        assert go_on(study, 10 - cut) == whole


def test_interrupted_when_a_trial_has_just_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = opened(tmp_path / "s.db")
    go_on(study, 1)

    tell = study._study.tell

    def interrupted(*arguments: Any, **more: Any) -> None:
        tell(*arguments, **more)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(study._study, "tell", interrupted)
    study.ask()
    with pytest.raises(KeyboardInterrupt):
        study.tell("complete", 0.5, [0.5], 1.0)
    study.give_up()
    study.close()
    assert [trial.score for trial in opened(tmp_path / "s.db").trials][1:] == [0.5]


def test_outcomes_come_back(tmp_path: Path) -> None:
    study = opened(tmp_path / "s.db")
    study.ask()
    study.report(0, 0.25)
    study.report(3, 0.5)
    study.tell("pruned", None, [0.25], 2.04)
    study.ask()
    study.tell("diverged", None, [], 1.0)
    study.close()
    pruned, diverged = opened(tmp_path / "s.db").trials
    assert (pruned.outcome, pruned.score, pruned.folds) == ("pruned", 0.5, (0.25,))
    assert (pruned.steps, pruned.seconds) == ({0: 0.25, 3: 0.5}, 2.0)
    assert (diverged.outcome, diverged.score, diverged.steps) == ("diverged", None, {})


def test_any_name(tmp_path: Path) -> None:
    database = tmp_path / "new" / "a b?%41{}#\u00e9.db"
    go_on(opened(database), 1)
    assert [path.name for path in database.parent.iterdir()] == [database.name]
    with sqlite3.connect(database) as connection:
        assert connection.execute("select count(*) from trials").fetchone() == (1,)


def test_another_search_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "s.db"
    trials = go_on(opened(database), 2)
    with pytest.raises(SerError, match=r"s\.db: is a search with another table; repeat the"):
        opened(database, fingerprint={**PRINT, "table": "u"})
    with pytest.raises(SerError, match="another table, another seed; "):
        opened(database, fingerprint={"table": "u", "seed": "1"})
    assert opened(database).trials == trials


def test_what_is_no_search(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello\n" * 500)
    with pytest.raises(SerError, match=r"text\.db: cannot be used .*not a database"):
        opened(tmp_path / "text.db")
    for database in (tmp_path / "text.db" / "s.db", tmp_path):
        with pytest.raises(SerError, match="cannot be used as the file of a search"):
            opened(database)
    assert (tmp_path / "text.db").read_text() == "hello\n" * 500
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("create table studies (x)")
    with pytest.raises(SerError, match="cannot be used as the file of a search"):
        opened(tmp_path / "other.db")


def test_a_study_of_something_else(tmp_path: Path) -> None:
    optuna = load_optuna()
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 's.db'}", study_name="ser-train")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(SerError, match=r"s\.db: is not a search of ser-train"):
        opened(tmp_path / "s.db")


def test_a_database_that_is_taken_away(tmp_path: Path) -> None:
    study = opened(tmp_path / "s.db")
    study.ask()
    (tmp_path / "s.db").write_bytes(b"no database any more" * 500)
    with pytest.raises(SerError, match=r"s\.db: cannot be used as the file of a search"):
        study.tell("complete", 0.5, [0.5], 1.0)


def test_an_older_search_is_set_aside_whole(tmp_path: Path) -> None:
    database = tmp_path / "m.keras.tune.db"
    assert rename_existing(database) is None
    trials = go_on(opened(database), 1)
    # As after a kill in the middle of a write.
    shutil.copy(database, tmp_path / "m.keras.tune.db-journal")
    old = rename_existing(database)
    assert old == tmp_path / "m.keras.tune.db.old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "m.keras.tune.db.old",
        "m.keras.tune.db.old-journal",
    ]
    assert go_on(opened(database), 1) == trials


def test_a_broken_query_is_not_told_twice(tmp_path: Path) -> None:
    """SQLAlchemy logs what a Ctrl-C does to a cursor, with a traceback."""
    go_on(opened(tmp_path / "s.db"), 1)
    names = ("sqlalchemy.pool.impl.QueuePool", "sqlalchemy.pool", "sqlalchemy.engine")
    assert not any(logging.getLogger(name).isEnabledFor(logging.ERROR) for name in names)
