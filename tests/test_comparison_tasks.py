"""Comparisons of several tasks: a configuration for each, going on, the table over them, damage."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glue_files import downloaded
from heavy import tiny_overrides
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import matthews_corrcoef
from typer.testing import CliRunner

from kdnas.cli.app import app
from kdnas.comparison import Site
from kdnas.config import Config, load_config, short_name, task_configs
from kdnas.errors import UserError
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study import check_comparison, run_comparison
from kdnas.workers import Inline

pytestmark = pytest.mark.timeout(1200)

TASKS = ("glue/cola", "glue/stsb")


def configs(*overrides: str) -> dict[str, Config]:
    return task_configs(load_config(overrides=overrides))


def test_each_task_has_its_own_columns_and_metric_and_the_common_rest() -> None:
    found = configs(
        f"compare.tasks={list(TASKS)}", "task.train=7", 'task.label_column="other"',
        'compare.changes."glue/stsb".compare.epochs=9', 'compare.printed="mate-glue"',
        'compare.changes."glue/stsb".task.metric="pearson"', "task.path=data",
    )  # fmt: skip
    assert list(found) == ["cola", "stsb"]
    cola, stsb = found.values()
    assert (cola.task.name, cola.task.metric, cola.task.premise_column) == (
        "glue/cola", "matthews", None,
    )  # fmt: skip
    assert (stsb.task.metric, stsb.task.premise_column) == ("pearson", "sentence1")
    assert (cola.compare.epochs, stsb.compare.epochs) == (4, 9)
    for name, config in found.items():
        assert config.task.train == 7
        assert config.task.label_column == "label"
        assert config.task.path == str(Path("data", name))
        assert (config.compare.tasks, config.compare.changes) == ((), {})
        assert config.compare.printed is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (['compare.tasks=["a/x","b/x"]'], "two of the folder 'x'"),
        (['compare.tasks=["x","x"]'], "compare.tasks has 'x' twice"),
        (['compare.tasks=["x"]', "compare.changes.x.task.tran=1"], "task.tran"),
        (['compare.tasks=["x"]', "compare.changes.x.teacher.epochs=-1"], "teacher.epochs"),
    ],
)
def test_tasks_that_cannot_be_are_refused_in_one_line(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as found:
        configs(*overrides)
    assert "\n" not in str(found.value)


# --- one comparison of two tasks


class _Inline(Inline[Any, Any]):
    """Trainings in this process, which has loaded everything."""

    def __init__(self, config: Any, run: Path, jobs: int, cluster: Any, make: Any) -> None:
        super().__init__(make())


def run(
    folder: Path, data: Path, teacher: Path, *options: str, tasks: tuple[str, ...] = TASKS
) -> Any:
    own = (
        'compare.students=["layers:1"]', "compare.attacks=[]",
        "compare.epochs=20", "compare.replicates=2", "compare.learning_rate=2e-3",
        "teacher.epochs=20", "teacher.learning_rate=2e-3", "teacher.batch_size=8",
        "distill.batch_size=8", f'task.path="{data}"', "task.protocol=paper",
        "attack.recipe=deepwordbug", 'compare.methods=["kd","finetune"]', "attack.report_texts=2",
    )  # fmt: skip
    settings = [word for each in tiny_overrides(teacher, *own) for word in ("--set", each)]
    arguments = ["--tasks", ",".join(tasks), "--out", str(folder), *settings, *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kdnas.comparison.build.open_workers", _Inline)
        return CliRunner().invoke(app, ["compare", *arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("glue")
    for name in (*TASKS, "glue/rte"):
        (place / short_name(name)).mkdir()
        downloaded(name, place / short_name(name))
    return place


@pytest.fixture(scope="module")
def done(data: Path, tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks") / "all"
    result = run(folder, data, tiny_teacher)
    assert result.exit_code == 0, (result.output, result.exception)
    return folder


@pytest.fixture
def copy(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "copy"))


def table(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (folder / "results" / "tasks.csv").open() as file:
        return {(line["student"], line["method"]): line for line in csv.DictReader(file)}


def test_scores_and_their_mean_are_those_of_the_answers(done: Path) -> None:
    """Against scikit-learn and scipy, from the stored answers."""
    lines = table(done)
    assert list(lines) == [("teacher", ""), ("layers-1", "kd"), ("layers-1", "finetune")]
    for (student, method), line in lines.items():
        name, scores = f"{student}.{method}".rstrip("."), []
        for task in ("cola", "stsb"):
            with ModelArchive.read(done / task / MODELS_FILE) as archive:
                truth = archive.splits["report"].labels
                told = [archive.predictions(name, r + 1) for r in range(2 if method else 1)]
            assert all(np.ptp(each) > 0 for each in told)
            if task == "cola":
                scores.append(np.mean([matthews_corrcoef(truth, each) for each in told]))
            else:
                both = [(pearsonr(truth, t)[0] + spearmanr(truth, t)[0]) / 2 for t in told]
                scores.append(np.mean(both))
        assert float(line["cola Matthews"]) == pytest.approx(100 * scores[0])
        assert float(line["stsb mean of Pearson and Spearman"]) == pytest.approx(100 * scores[1])
        assert float(line["average"]) == pytest.approx(50 * sum(scores))
        assert bool(line["average error"]) == bool(method)


def test_each_task_is_a_comparison_of_its_own(done: Path) -> None:
    for task in ("cola", "stsb"):
        assert (done / task / "results" / "methods.md").is_file()
        assert not check_comparison(done / task).problems
    found = check_comparison(done)
    assert not found.problems
    assert found.models == 2 * 5
    told = CliRunner().invoke(app, ["verify", str(done)])
    assert (told.exit_code, "no contradiction" in told.output) == (0, True)
    assert CliRunner().invoke(app, ["status", str(done)]).output.count("5 of 5 models") == 2


@pytest.mark.parametrize("damaged", ["tasks.csv", "tasks.md", "cola", "settings"])
def test_damage_is_found(copy: Path, damaged: str) -> None:
    if damaged == "settings":
        (copy / "comparison.json").write_text("{")
        with pytest.raises(UserError, match=r"comparison.json cannot be read"):
            check_comparison(copy)
        return
    file = copy / "results" / damaged
    if damaged == "cola":
        file = copy / "cola" / "results" / "methods.csv"
    text = file.read_text()
    file.write_text(text.replace("kd,here,", "kd,here,9").replace("kd,2,", "kd,2,9") + "\n")
    problems = [str(problem) for problem in check_comparison(copy).problems]
    assert problems
    if damaged != "tasks.md":
        assert any("the texts give" in problem for problem in problems)
    if damaged == "cola":
        assert all(problem.startswith("cola/methods.csv") for problem in problems)


def test_tasks_are_added_and_the_rest_stays(copy: Path, data: Path, tiny_teacher: Path) -> None:
    assert "add --resume" in str(run(copy, data, tiny_teacher).exception)
    with ModelArchive.read(copy / "cola" / MODELS_FILE) as archive:
        before = archive.models()
    more = run(copy, data, tiny_teacher, "--resume", tasks=("glue/rte", *TASKS))
    assert more.exit_code == 0, (more.output, more.exception)
    with ModelArchive.read(copy / "cola" / MODELS_FILE) as archive:
        assert archive.models() == before
    line = table(copy)["layers-1", "kd"]
    columns = [name for name in line if name and "error" not in name]
    assert columns[3:] == [
        "rte accuracy", "cola Matthews", "stsb mean of Pearson and Spearman", "average",
    ]  # fmt: skip
    assert not check_comparison(copy).problems
    changed = run(copy, data, tiny_teacher, "--resume", "--set", "teacher.seed=3")
    assert "teacher.seed" in str(changed.exception)


def test_folders_of_something_else_are_refused(
    done: Path, data: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    inside = run(done / "cola", data, tiny_teacher, "--resume")
    assert "one task alone" in str(inside.exception)
    assert "leave out --resume" in str(run(tmp_path, data, tiny_teacher, "--resume").exception)
    alone = load_config(overrides=["task.train=5"])
    with pytest.raises(UserError, match="holds a comparison of several tasks"):
        run_comparison(alone, Site(done, 1, resume=True))
    settings = json.loads((done / "comparison.json").read_text())
    assert settings["compare"]["tasks"] == list(TASKS)
