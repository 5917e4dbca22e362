"""What needs no model is refused before torch, transformers, pymoo or textattack are loaded."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from kdnas import model_names
from kdnas.cli.beforehand import new_folder, require_cache, require_gpus, require_inputs
from kdnas.config import ALGORITHMS, Config, load_config
from kdnas.errors import UserError
from kdnas.feasible import require_possible, within_limits
from kdnas.methods import METHODS
from kdnas.metrics import METRICS
from kdnas.resources import resources_of
from kdnas.space import NetworkShape

REPRODUCE = ("reproduce", "--preset", "quickstart-paper", "--out", "r")
SEARCH = ("search", "--preset", "quickstart", "--out", "run")
ATTACK = ("attack", "--model", "model", "--data")

COMPARE = ("compare", "--preset", "compare-offline", "--out", "ways")
TASKS = (*COMPARE, "--tasks", "a/b", "--methods", "kd")
DISTIL = ("distill", "layers:3", "--preset", "compare-offline", "--out", "student")
ROWS = ("--set", "task.name=rows.tsv")
NUMBERS = ("--set", "task.metric=pearson", "--set", 'search.objectives=["score"]')

REFUSED = {
    (*SEARCH, "--set", "task.name=nosuch.csv"): "there is no file or folder nosuch.csv",
    (*SEARCH, "--set", "task.name=semicolons.csv"): "separates its fields by ';'",
    (*SEARCH, "--set", "task.name=pipe.csv"): "a pipe or a device",
    (*SEARCH, "--set", "task.text_column=body"): "no column 'body'",
    (*SEARCH, "--set", "teacher.model=/nowhere"): "there is no such folder",
    (*SEARCH, "--set", "teacher.model=model/mine"): "there is no such folder",
    (*SEARCH, "--set", "teacher.model=offline:bert"): "offline there is offline:minilm",
    (*SEARCH, "--set", "teacher.model=rows.tsv"): "it is a file",
    (*SEARCH, "--set", "plugins=['nosuch']"): "run kdnas in the folder that holds it",
    (*SEARCH, "--dry-run", "--set", "task.name=nosuch.csv"): "there is no file or folder",
    (*SEARCH, "--set", "constraints.max_parameters=1"): "the smallest of the space has at least",
    (*SEARCH, "--set", "constraints.max_parameters=1", "--set", "task.name=nosuch.csv"): (
        "constraints.max_parameters = 1: none of 200 students drawn keeps to it"
    ),
    ("search", "--preset", "quickstart-paper", "--out", "run"): (
        "a preset of kdnas reproduce: kdnas reproduce --preset quickstart-paper; those of kdnas"
    ),
    ("reproduce", "--preset", "quickstart", "--out", "r"): (
        "a preset of kdnas search: kdnas search --preset quickstart; those of kdnas reproduce are"
    ),
    (*ATTACK, "rows.tsv"): "no tokenizer in model",
    ("attack", "--model", "encoder", "--data", "rows.tsv"): (
        "encoder holds no trained classifier: DistilBertModel has no head of classes"
    ),
    ("transfer", "model", "encoder", "--data", "rows.tsv"): "DistilBertModel has no head",
    (*SEARCH[:-1], "model"): "model holds no run but other files, such as config.json: choose a",
    (*REPRODUCE[:-1], "model"): "model holds no run but other files, such as config.json",
    (*COMPARE[:-1], "model"): "model holds no run but other files, such as config.json",
    (*COMPARE[:-1], "model", "--tasks", "rows.tsv"): "model holds no run but other files",
    (*DISTIL[:-1], "model"): "model exists already: choose a new folder",
    (*SEARCH, "--set", "teacher.label_share=0"): "teacher.label_share = 0: should",
    ("transfer", "model", "other", "--data", "rows.tsv"): "no tokenizer in model",
    ("evaluate", "nosuch.json", "--preset", "quickstart"): "cannot read nosuch.json",
    (*REPRODUCE, "--only", "table9"): "no output 'table9'; there are table1",
    (*REPRODUCE[:-1], "rows.tsv"): "rows.tsv is a file",
    (*REPRODUCE, "--resume"): "no reproduction in r to go on with",
    (*REPRODUCE, "--set", "task.name=nosuch.csv"): "there is no file or folder nosuch.csv",
    (*ATTACK, "nosuch.tsv"): "there is no file or folder nosuch.tsv",
    (*ATTACK, "/dev/null"): "a pipe or a device",
    (*ATTACK, "semicolons.csv"): "separates its fields by ';'",
    (*ATTACK, "blank.csv"): "has no text",
    (*ATTACK, "rows.tsv", "--recipe", "nosuch"): "no attack 'nosuch'",
    (*ATTACK, "rows.tsv", "--out", "rows.tsv"): "exists already",
    ("attack", "--model", "nosuch", "--data", "rows.tsv"): "no model in nosuch",
    ("transfer", "model", "other", "--data", "nosuch.tsv"): "there is no file or folder",
    ("front", ""): "an argument is empty",
    (*SEARCH[:3], "--out", ""): "an argument is empty",
    (*COMPARE, "--methods", "kdd"): "no distillation method 'kdd' (did you mean kd?)",
    (*COMPARE, "--methods", ""): "an argument is empty",
    (*COMPARE, "--methods", "kd,,pkd"): "no distillation method ''; there are finetune, kd,",
    (*COMPARE, "--methods", ","): "no distillation method ''; there are finetune, kd,",
    (*COMPARE, "--set", "compare.students=cells"): 'should be a list, as ["cells"]',
    (*COMPARE, "--set", "distill.augmentation.by=wordnet"): (
        'a list, as ["wordnet"] of embedding, wordnet, synonym-insertion, tinybert'
    ),
    (*COMPARE, "--set", "distill.augmentation.by=[]"): (
        "name one or more, each once, of embedding, wordnet, synonym-insertion, tinybert"
    ),
    (*COMPARE, "--set", "compare.rows.own.method=pkd"): (
        "no training uses compare.rows.own: name own in compare.methods, or leave it out; the"
        " methods are finetune, kd,"
    ),
    (*COMPARE, "--set", "compare.changes.mine.compare.epochs=1"): (
        'no training uses compare.changes."mine": name mine in compare.tasks, or leave it out; the'
        " tasks are none"
    ),
    (*TASKS, "--set", 'compare.changes."a/b".distill.skd.share=0.1'): (
        'no training uses compare.changes."a/b".distill.skd: name skd in compare.methods'
    ),
    (*TASKS, "--set", 'compare.changes."a/b".compare.rows.own.method="kd"'): (
        'no training uses compare.changes."a/b".compare.rows.own: name own in compare.methods'
    ),
    ("resources", *COMPARE[1:3], "--set", 'compare.students=["hub:a/b/c"]'): (
        "no student 'hub:a/b/c': name layers:3"
    ),
    (*COMPARE, "--methods", "kd,kd"): "compare.methods has 'kd' twice",
    (*COMPARE, "--students", "nosuch"): "no student 'nosuch': name layers:3",
    (*COMPARE, "--students", "cut:1:encoder"): "DistilBertModel has no head of classes",
    (*COMPARE, *ROWS, "--methods", "kd", "--students", "cut:1:three"): (
        "cut:1:three was trained to tell a, b, c, the task has 0, 1, and layers that are cut out"
    ),
    (*COMPARE, "--students", "drawn:0,drawn:0"): "compare.students has 'drawn:0' twice",
    (*COMPARE, "--students", "layers:9"): "a student of 9 layers is larger than the teacher",
    (*COMPARE, "--students", "every:99"): "student every:99 has none of the teacher's 6 layers",
    (*COMPARE, "--set", "compare.rows.x.follow=last"): "compare.rows.x.method is missing: set it",
    (*COMPARE, "--set", "compare.rows.x.method=no"): "compare.rows.x.method = 'no': no ",
    (*COMPARE, "--set", "compare.printed=no"): "compare.printed = 'no': there are compare-glue",
    (*COMPARE, "--replicates", "0"): "Invalid value for '--replicates'",
    (*COMPARE, "--methods", "kd,adversarial"): "goes on with a model that is trained already",
    (*COMPARE, "--methods", "general", "--set", "distill.general.attention_weight=1"): (
        "cannot teach drawn-0: it compares maps of attention"
    ),
    (*COMPARE, "--methods", "kd,takd", "--set", "distill.takd.assistants=[9]"): (
        "an assistant of 9 layers is larger than the teacher, which has 6"
    ),
    (*COMPARE, "--methods", "skd", "--set", "distill.skd.depths=[7]"): (
        "a teacher of a team of 7 layers is larger than the teacher, which has 6"
    ),
    (*COMPARE, "--set", "distill.autoskd.depths=['all']", "--set", "distill.autoskd.seeds=[0]"): (
        "a team of one leaves nothing to weigh"
    ),
    (*COMPARE, "--methods", "skd", "--set", "distill.skd.folders=['/nowhere']"): (
        "there is no such folder"
    ),
    (*COMPARE, *ROWS, "--set", "task.premise_column=first"): "no column 'first'",
    (*COMPARE, *NUMBERS, "--methods", "kd", "--set", "task.name=words.tsv"): "'good', which is no",
    (*COMPARE, *NUMBERS, "--methods", "kd", "--set", "task.name=nan.tsv"): "'nan', which is no",
    (*COMPARE, *NUMBERS, "--methods", "kd,ard"): "it needs shares of classes",
    (*COMPARE, "--dry-run", "--students", "layers:x"): "write a number after the colon",
    (*DISTIL, "--method", "kdd"): "no distillation method 'kdd'",
    (*DISTIL, "--method", "takd", "--set", "distill.takd.assistants=[9]"): (
        "an assistant of 9 layers is larger than the teacher"
    ),
    (*DISTIL, *ROWS, "--set", "task.label_column=score"): "no column 'score'",
    ("distill", "layers", "--preset", "compare-offline", "--out", "s"): "no student 'layers'",
    (*SEARCH, "--set", "distill.method=kdd"): "no distillation method 'kdd'",
    (*SEARCH, "--set", "distill.method=adversarial"): "cannot teach the students of a search",
    (*SEARCH, "--set", "distill.method=takd", "--set", "distill.takd.assistants=[9]"): (
        "an assistant of 9 layers is larger than the teacher"
    ),
    (*SEARCH, "--cluster", "tcp://127.0.0.1:9"): "no Dask scheduler at tcp://127.0.0.1:9",
    (*SEARCH, "--cluster", "tcp://127.0.0.1:99999"): "Port out of range 0-65535",
    (*SEARCH, "--set", "space.name=collections:OrderedDict"): "it is the class OrderedDict",
    (*SEARCH, "--set", "space.name=math:pi"): "math:pi is no Space: it is of type float",
    (*SEARCH, "--set", "space.layers={glu=[1], conv=[3]}"): "glu has no sizes, write glu = []",
    (*SEARCH, "--set", "search.objectives=[]"): "search.objectives = []: give at least 1",
    ("distill", "nofolder:KEY", "--out", "s"): "no run at nofolder: name one as RUN:KEY",
    ("methods", "nosuchmodule:X"): "module nosuchmodule cannot be imported",
    ("export", "nosuch", "abc", "--out", "student"): "nosuch",
}  # fmt: skip

CALLS = """
import contextlib, io, json, sys
from kdnas.cli import main

found = []
for call in json.load(sys.stdin):
    sys.argv = ["kdnas", *call]
    said = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            main()
        except SystemExit as end:
            code = end.code
    heavy = {"torch", "transformers", "pymoo", "textattack", "datasets"} & set(sys.modules)
    found.append([code, said.buffer.getvalue().decode(), sorted(heavy)])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], list]:
    """Exit code, output and heavy modules of each call, all made in one process."""
    place = tmp_path_factory.mktemp("calls")
    (place / "rows.tsv").write_text("text\tlabel\nfine\t1\ndull\t0\n")
    (place / "words.tsv").write_text("text\tlabel\nfine\tgood\ndull\t0\n")
    (place / "nan.tsv").write_text("text\tlabel\nfine\tnan\ndull\t0\n")
    (place / "semicolons.csv").write_text("text;label\nfine;1\n")
    (place / "blank.csv").write_text("text,label\n,1\n  ,0\n")
    os.mkfifo(place / "pipe.csv")
    for name in ("model", "other"):
        (place / name).mkdir()
        (place / name / "config.json").write_text("{}")
    (place / "encoder").mkdir()
    kind = {"model_type": "distilbert", "architectures": ["DistilBertModel"]}
    (place / "encoder" / "config.json").write_text(json.dumps(kind))
    (place / "three").mkdir()
    save_file({}, place / "three" / "model.safetensors")
    (place / "three" / "tokenizer.json").write_text("{}")
    kind = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}
    kind |= {"id2label": {"0": "a", "1": "b", "2": "c"}}
    (place / "three" / "config.json").write_text(json.dumps(kind))
    environment = os.environ | {"PYTHONPATH": os.getcwd(), "HF_HUB_OFFLINE": "1"}
    calls = list(REFUSED)
    ended = subprocess.run(
        [sys.executable, "-c", CALLS],
        input=json.dumps(calls),
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert sorted(path.name for path in place.iterdir()) == [
        "blank.csv", "encoder", "model", "nan.tsv", "other", "pipe.csv", "rows.tsv",
        "semicolons.csv", "three", "words.tsv",
    ]  # fmt: skip
    return dict(zip(calls, json.loads(ended.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("call", REFUSED, ids=" ".join)
def test_a_refusal_that_needs_no_model_loads_nothing_heavy(
    call: tuple[str, ...], found: dict[tuple[str, ...], list]
) -> None:
    code, said, heavy = found[call]
    (line,) = [line for line in said.splitlines() if line.startswith("kdnas: ")]
    assert code == 2
    assert REFUSED[call] in line
    assert heavy == []
    assert "Traceback" not in said


OWN = """
from kdnas.methods import Method
from kdnas.metrics import Metric

class Mute:
    pass

class Greedy:
    def __init__(self, gold): ...
    ask = tell = None

EMPTY = Method("mended:nothing")
ACCURACY = Metric("accuracy", lambda evaluation: 1.0, maximise=True)
"""


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("search.algorithm=mended:Mute", "mended:Mute has no ask and no tell: name a class that"),
        ("search.algorithm=mended:Greedy", "mended:Greedy wants 'gold'; a search has"),
        ("distill.method=mended:EMPTY", "module mended has no 'nothing'"),
        ('search.objectives=["mended:ACCURACY"]', "its metric's name accuracy is taken"),
    ],
)
def test_own_parts_that_cannot_serve_are_refused_before_any_work(
    setting: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mended.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    for registry in (ALGORITHMS, METHODS, METRICS):  # other tests go through their parts
        monkeypatch.setattr(registry, "_parts", dict(registry._parts))
    with pytest.raises(UserError, match=re.escape(said)):
        require_inputs(load_config("quickstart", overrides=[setting]), "kdnas resources")


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="a file stands where its folder should be"):
        require_cache()


@pytest.mark.parametrize("place", ["file", "file/inside", "/proc/nowhere"])
@pytest.mark.parametrize("name", ["KDNAS_CACHE", "HF_HOME"])
def test_caches_that_cannot_be_are_the_only_rows(
    place: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for other in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(tmp_path / place))
    found = resources_of(load_config("rosearch-sst2"), tmp_path)
    whose = {"KDNAS_CACHE": {"kdnas"}, "HF_HOME": {"Hugging Face's data sets",
                                                   "Hugging Face's models"}}  # fmt: skip
    assert {resource.what for resource in found} == {f"cache of {who}" for who in whose[name]}
    for resource in found:
        assert resource.problem in (
            "a file stands where its folder should be",
            "cannot be made (No such file or directory)",
        )
        assert resource.cure == f"mend its permissions, or set {name} to another folder"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


CLOSED = """
import os, sys
from pathlib import Path
from kdnas.cache import unusable
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
place = Path(sys.argv[1])
print([unusable(place / name) for name in ("closed", "closed/inside", "listed", "open", "new")])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_cache_of_another_user_is_refused_in_words() -> None:
    """Whoever is not root is asked for: root may read everything."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        for folder, mode in (("closed", 0o000), ("listed", 0o744), ("open", 0o755)):
            (place / folder).mkdir()
            (place / folder).chmod(mode)
        done = subprocess.run(
            [sys.executable, "-c", CLOSED, name],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    assert ast.literal_eval(done.stdout) == [
        "cannot be read (Permission denied)",
        "cannot be made (Permission denied)",
        "cannot be read (Permission denied)",
        "",
        "cannot be made (Permission denied)",
    ]


def test_gpus_that_are_not_there_are_refused() -> None:
    require_gpus(())
    with pytest.raises(UserError, match=r"workers.gpus = \[99\]: torch sees"):
        require_gpus((99,))


def test_a_new_folder_appears_when_all_is_well(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "a" / "b") as draft:
            draft.mkdir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [*(tmp_path / "a").iterdir()] == []
    with new_folder(tmp_path / "a" / "b") as draft:
        draft.mkdir()
        (draft / "x").touch()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["x"]
    with pytest.raises(UserError, match="exists already"), new_folder(tmp_path / "a" / "b"):
        raise AssertionError


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="name a folder that you can write to"),
        new_folder(tmp_path / "file" / "inside"),
    ):
        raise AssertionError


def test_the_hub_is_left_alone_where_it_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_names, "getproxies", dict)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the port of `discard`: nobody there
    model_names.leave_hub_alone_where_unreachable()
    assert os.environ.pop("HF_HUB_OFFLINE") == "1"
    monkeypatch.setattr(model_names, "getproxies", lambda: {"https": "http://proxy"})
    model_names.leave_hub_alone_where_unreachable()
    assert "HF_HUB_OFFLINE" not in os.environ


SHAPE = NetworkShape(vocabulary=1000, classes=2)


def config(*overrides: str) -> Config:
    return load_config("quickstart", overrides=overrides)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("constraints.max_parameters=1000", "the smallest of the space has at least"),
        ("constraints.max_flops=10", "the quickest of the space takes at least"),
    ],
)
def test_limits_that_no_student_keeps_to_are_refused(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        require_possible(config(setting), SHAPE)


def test_limits_are_refused_before_anything_is_loaded() -> None:
    """The data is looked for later, and so is what would be fetched."""
    limited = config("constraints.max_parameters=1", "task.name=nosuch.csv")
    with pytest.raises(UserError, match=r"constraints\.max_parameters = 1: none of 200 students"):
        require_inputs(limited, "no command")


SMALL = (
    "space.repeats=[2, 3]", "space.widths=[32, 64]", "space.nodes=2", "space.node_widths=[32, 48]",
    "space.layers={conv=[1], glu=[]}", 'space.modes=["add", "concat"]',
    'space.activations=["none"]',
)  # fmt: skip


@pytest.mark.parametrize("limit", ["parameters", "flops"])
def test_the_smallest_that_is_named_is_the_smallest_there_is(limit: str) -> None:
    space = config(*SMALL).space
    costs = []
    for genes in product(*(range(len(choices)) for choices in space._ranges)):
        with suppress(UserError):
            costs.append(space.cost(space.decode(genes), SHAPE, 64))
    least = min(getattr(cost, limit) for cost in costs)
    with pytest.raises(UserError, match=f" at least {least}"):
        require_possible(config(*SMALL, f"constraints.max_{limit}={least - 1}"), SHAPE)
    assert len(costs) > 1000


def test_students_too_large_for_the_memory_are_refused() -> None:
    with pytest.raises(UserError, match=r"its training takes 1.* GB, and this machine has"):
        require_possible(config("space.widths=[65536]"), NetworkShape(vocabulary=10**6, classes=2))


def test_a_first_student_keeps_to_the_limits() -> None:
    costs = [
        config().space.cost(require_possible(config(f"search.seed={i}"), SHAPE), SHAPE, 64)
        for i in range(8)
    ]
    most = sorted(cost.parameters for cost in costs)[2]
    limited = config(f"constraints.max_parameters={most}")
    assert within_limits(limited, SHAPE)(require_possible(limited, SHAPE))
