"""Configurations: presets, what they depart from, overrides, and errors of one line."""

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from kdnas.config import (
    LOADING,
    STORED,
    Config,
    departures,
    difference,
    load_config,
    preset_names,
    read_preset,
)
from kdnas.config.load import PAPER, as_toml, leaves
from kdnas.errors import UserError
from kdnas.metrics import PAPER_WEIGHTS
from kdnas.space import PAPER_SPACE

PRESETS = preset_names()


# Presets


def test_the_presets_are_listed():
    assert {"quickstart", "pareto-offline", "pareto-sst2", PAPER, "rosearch-agnews"} <= set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_loads_and_says_what_it_is(preset):
    assert isinstance(load_config(preset), Config)
    first = read_preset(preset).splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")


@pytest.mark.parametrize("preset", PRESETS)
def test_a_configuration_survives_its_json_form(preset):
    """Which is how a run records it."""
    config = load_config(preset)
    assert Config.model_validate(json.loads(config.model_dump_json())) == config


def test_the_papers_preset_has_the_papers_numbers():
    """Guo 2021, sections 5.1 to 5.4."""
    config = load_config(PAPER)
    assert config.space == PAPER_SPACE
    assert config.fitness == PAPER_WEIGHTS
    search, distill = config.search, config.distill
    assert (search.algorithm, search.population, search.tournament) == ("tournament", 100, 2)
    similarity = config.attack.table("textfooler").similarity
    assert (config.space.repair, similarity) == ("reconnect", "rosearch")
    assert (distill.epochs, distill.learning_rate, distill.method) == (15, 5e-4, "rosearch")
    loss = distill.table("rosearch")
    assert (loss.kd_weight, loss.probe_weight, loss.logit_weight) == (0.5, 0.25, 0.25)
    assert loss.temperature == 2
    assert (config.task.name, config.teacher.model) == ("glue/sst2", "bert-base-uncased")


@pytest.mark.parametrize("preset", [p for p in PRESETS if "offline" in p or "quickstart" in p])
def test_offline_presets_need_no_connection(preset):
    config = load_config(preset)
    assert config.task.name in ("rotten_tomatoes", "bbc_news")
    assert config.teacher.model == "offline:minilm"
    assert config.attack.resources == "offline"


# Departures


def test_the_paper_does_not_depart_from_itself():
    assert departures(load_config(PAPER)) == {}


@pytest.mark.parametrize("preset", [p for p in PRESETS if p != PAPER])
def test_each_departure_can_be_undone(preset):
    before = departures(load_config(preset))
    assert before, "else it is the paper's preset under another name"
    for name, (here, paper) in before.items():
        assert here != paper
        undone = departures(load_config(preset, overrides=[f"{name}={as_toml(paper)}"]))
        assert undone == {other: before[other] for other in before if other != name}
    everything = [f"{name}={as_toml(paper)}" for name, (_, paper) in before.items()]
    assert load_config(preset, overrides=everything) == load_config(PAPER)


def test_a_difference_names_both_values():
    one = load_config("quickstart")
    two = load_config("quickstart", overrides=["space.widths=[128, 256]", "task.train=none"])
    assert difference(one, two) == {
        "space.widths": ([128], [128, 256]),
        "task.train": (3000, None),
    }
    assert difference(one, one) == {}


# Overrides


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("search.seed=7", 7),
        ("search.seed = 7", 7),
        ("distill.learning_rate=1e-3", 1e-3),
        ("task.name=glue/sst2", "glue/sst2"),
        ('task.name="a=b"', "a=b"),
        ("task.name=a=b", "a=b"),
        ("task.train=none", None),
        ("student.share_blocks=true", True),
        ("constraints.accuracy_floor=auto", "auto"),
        ("constraints.accuracy_floor=0", 0),
        ("space.repeats=[3, 8]", [3, 8]),
        ('search.objectives=["parameters", "accuracy"]', ["parameters", "accuracy"]),
    ],
)
def test_one_value_is_overridden(override, value):
    config = load_config("quickstart", overrides=[override])
    name = override.partition("=")[0].strip()
    assert leaves(config)[name] == value
    assert set(difference(load_config("quickstart"), config)) <= {name}


def test_the_last_override_wins():
    config = load_config(overrides=["search.seed=1", "search.seed=2"])
    assert config.search.seed == 2


@pytest.mark.parametrize("preset", PRESETS)
def test_every_setting_can_be_written_after_set(preset):
    config = load_config(preset)
    written = [f"{name}={as_toml(value)}" for name, value in leaves(config).items()]
    assert load_config(overrides=written) == config


def test_a_file_is_read_and_overridden(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[task]\nname = "données.tsv"\n[search]\nseed = 4\n', encoding="utf-8")
    config = load_config(file=path, overrides=["search.seed=5"])
    assert (config.task.name, config.search.seed) == ("données.tsv", 5)
    assert load_config() == Config()


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path):
    (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbf[search]\nseed = 4\n")
    assert load_config(file=tmp_path / "run.toml").search.seed == 4


def test_a_configuration_is_frozen():
    config = load_config("quickstart")
    for section, field in [(config, "search"), (config.search, "seed"), (config.space, "nodes")]:
        with pytest.raises((ValueError, AttributeError)):
            setattr(section, field, 3)


# Errors: one line, with the value, the limit and the way out


def refusal(*overrides: str, **source) -> str:
    with pytest.raises(UserError) as caught:
        load_config(overrides=overrides, **source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("search.seed=-1", ["search.seed = -1", "greater than or equal to 0"]),
        ("search.seed=x", ["search.seed = 'x'", "whole number"]),
        ("search.population=1", ["search.population = 1", "greater than or equal to 2"]),
        ("search.population=2.5", ["search.population = 2.5", "whole number"]),
        ("search.crossover=1.5", ["search.crossover = 1.5", "less than or equal to 1"]),
        ("search.algorithm=ga", ["search.algorithm = 'ga'", "tournament", "nsga2"]),
        ("space.repair=cut", ["space.repair = 'cut'", "reconnect", "prune", "mixed"]),
        ('search.objectives=["size"]', ["search.objectives", "'size'", "parameters"]),
        ("search.objectives=[]", ["search.objectives = []", "at least 1"]),
        ("distill.learning_rate=0", ["distill.learning_rate = 0", "greater than 0"]),
        ("distill.learning_rate=nan", ["distill.learning_rate = nan", "finite"]),
        ("student.max_length=4", ["student.max_length = 4", "greater than or equal to 8"]),
        ("student.positions=64", ["student.positions = 64", "student.max_length = 128"]),
        ("student.norm=batch", ["student.norm = 'batch'", "block", "node", "none"]),
        ("attack.recipe=jin", ["attack.recipe = 'jin'", "textfooler", "module:name"]),
        ("attack.textfooler.similarity=jin", ["similarity = 'jin'", "rosearch", "textattack"]),
        ("attack.textfooler.similarity=1.5", ["similarity = 1.5", "from 0 to 1"]),
        ("attack.textfooler.words=3", ["attack.textfooler.words = 3", "word_cosine"]),
        ("attack.deepwordbug.words=3", ["attack.deepwordbug.words = 3"]),
        ("attack.texts=0", ["attack.texts = 0", "greater than or equal to 1"]),
        ("attack.textfooler.vocabulary=500000", ["vocabulary = 500000", "400000"]),
        ("task.name=none", ["task.name = none", "string"]),
        ('task.name=""', ["task.name = '': is empty: give a name or a path"]),
        ("task.label_column=", ["task.label_column = '': is empty"]),
        ('teacher.model=" "', ["teacher.model = ' ': is empty: give a name or a path"]),
        ("teacher.label_share=0", ["teacher.label_share = 0", "greater than 0"]),
        ("teacher.label_share=1.1", ["teacher.label_share = 1.1", "less than or equal to 1"]),
        ("teacher.method=gan", ["teacher.method = 'gan'", "finetune", "gan-bert"]),
        ("teacher.unk_class=true", ["teacher.unk_class", "set teacher.method=gan-bert"]),
        ("teacher.unsupervised_weight=0", ["settings of a GAN-BERT"]),
        ("task.protocol=two-way", ["task.protocol = 'two-way'", "three-way", "paper"]),
        ("constraints.accuracy_floor=2", ["accuracy_floor = 2", "less than or equal to 1"]),
        ("constraints.max_parameters=0", ["max_parameters = 0", "greater than or equal to 1"]),
        ("fitness.count=some", ["fitness.count = 'some'", "all", "blocks"]),
        ("space.nodes=7", ["space.nodes = 7", "2 to 5"]),
        ("space.repeats=[]", ["space.repeats = []", "at least one"]),
        ("space.widths=[128, 128]", ["space.widths = [128, 128]", "each once"]),
        ('space.modes=["max"]', ["space.modes", "'max'", "concat"]),
        ("space.layers.conv=[2]", ["space", "conv kernels are odd, got 2"]),
        ("space.node_widths=[100]", ["space", "width 100 is not divisible by 8 heads"]),
        ("search.seed", ["'search.seed'", "section.field=value"]),
        ("search=3", ["'search=3'", "section.field=value"]),
        ("=3", ["'=3'", "section.field=value"]),
        ("search.=3", ["'search.=3'", "section.field=value"]),
    ],
)
def test_a_bad_value_is_named_with_its_limit(override, parts):
    message = refusal(override)
    assert all(part in message for part in parts), message


@pytest.mark.parametrize("how", ["teacher.method=gan-bert", "teacher.label_share=0.5"])
def test_a_finished_teacher_is_not_trained_in_some_way(how):
    message = refusal("teacher.epochs=0", how)
    assert "teacher.epochs = 0 takes the model as it is" in message
    assert "set teacher.epochs=auto" in message


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_weight_is_a_finite_number(value):
    assert f"fitness.accuracy = {value}" in refusal(f"fitness.accuracy={value}")


def test_an_objective_is_given_once():
    assert "accuracy" in refusal('search.objectives=["accuracy", "accuracy"]')


@pytest.mark.parametrize(
    ("override", "place", "known"),
    [
        ("search.sede=1", "search.sede (did you mean seed?)", "population"),
        ("distill.lerning_rate=1", "distill.lerning_rate (did you mean learning_rate?)", "epochs"),
        ("space.repeat=[3]", "space.repeat (did you mean repeats?)", "widths"),
        ("fitness.robustnes=1", "fitness.robustnes (did you mean robustness?)", "accuracy"),
        ("serch.seed=1", "serch (did you mean search?)", "constraints"),
        ("constraints.max_params=1", "constraints.max_params (did you mean max_par", "max_flops"),
        ("search.qqqqqq=1", "search.qqqqqq; known: algorithm", "batch"),
    ],
)
def test_an_unknown_setting_brings_a_suggestion(override, place, known):
    message = refusal(override)
    assert message.startswith(f"unknown setting {place}")
    assert known in message.partition("known: ")[2]


def test_an_unknown_preset_brings_a_suggestion():
    message = refusal(preset="quickstrat")
    assert "no preset 'quickstrat' (did you mean quickstart?)" in message
    assert all(name in message for name in PRESETS)


def test_a_preset_and_a_file_are_too_many(tmp_path):
    assert "not both" in refusal(preset="quickstart", file=tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"[task\n", "is not TOML"),
        (b"task = 3\n", "task = 3"),
        (b"seed = 3\n", "unknown setting seed; known: plugins, task, teacher"),
        ("[task]\n".encode("utf-16"), "is in UTF-16: save it as UTF-8, as with iconv -f utf-16"),
        (
            '[task]\nname = "café"\n'.encode("cp1252"),
            "line 2 is not UTF-8; often it is cp1252: save it as UTF-8, as with iconv -f cp1252",
        ),
        (b"[space]\nnode = 3\n", "unknown setting space.node (did you mean nodes?)"),
    ],
)
def test_a_bad_file_is_named(tmp_path, content, part):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    assert part in refusal(file=path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "absent.toml", tmp_path):
        message = refusal(file=path)
        assert message.startswith(f"cannot read {path} (")
        assert message.endswith("name a file that you may read")


def test_a_section_that_is_no_table_cannot_be_overridden(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("task = 3\n")
    assert "task is not a section" in refusal("task.name=x", file=path)


@pytest.mark.parametrize(
    "space",
    [
        {"name": "elsewhere:Space", "depth": 3},
        {"layers": {"elsewhere:LAYER": [3]}},
        {"modes": ["add", "elsewhere:MERGE"]},
        {"activations": ["elsewhere:ACTIVATION"]},
    ],
)
def test_a_space_whose_code_is_not_there_is_read_but_not_searched(space):
    """What an archive holds is taken as it is; nothing is imported for it."""
    assert Config.model_validate({"space": space}, context=STORED).space == space
    with pytest.raises(ValidationError, match="there are"):
        Config.model_validate({"space": space})
    with pytest.raises(ValidationError, match="module elsewhere cannot be imported"):
        Config.model_validate({"space": space}, context=LOADING)


def test_plugins_of_an_archive_are_not_imported():
    values = {"plugins": ["elsewhere"], "search": {"algorithm": "elsewhere:Search"}}
    assert Config.model_validate(values, context=STORED).plugins == ("elsewhere",)
    with pytest.raises(ValidationError, match="module elsewhere cannot be imported"):
        Config.model_validate(values, context=LOADING)


@pytest.mark.parametrize(
    "override",
    [
        "search.population='8'",
        "space.widths=['64']",
        "search.threads=true",
        "search.threads=100000",
        "search.evaluations=100000000000000000000000000",
        "search.seed=170141183460469231731687303715884105728",
        "search.asynchronous=1",
        "distill.rosearch.temperature='2'",
        "space.layers=3",
        "space.repeats=[10000000]",
    ],
)
def test_a_value_of_another_kind_or_size_is_refused(override):
    with pytest.raises(UserError, match=override.split("=")[0]) as caught:
        load_config(overrides=[override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 100_000, "too deep"),
        (".".join("a" * 5000) + " = 1", "tables in each other"),
        ("[search]\nseed = " + "9" * 5000, "digits"),
        ("search = 3", "search = 3: should be a table"),
        ("space = 3", "space = 3: should be a table"),
        ("#" * 1_000_001, "more than 1 MB"),
    ],
)
def test_a_file_that_cannot_be_a_configuration_is_refused(tmp_path, text, said):
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(UserError, match=said):
        load_config(file=tmp_path / "x.toml")


def test_a_pipe_is_read_if_somebody_writes_into_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="nobody writes"):
        load_config(file=tmp_path / "pipe")
    out, into = os.pipe()
    os.write(into, b"search.seed = 5")
    os.close(into)
    assert load_config(file=Path(f"/dev/fd/{out}")).search.seed == 5
    os.close(out)


def test_sizes_that_are_left_out_are_asked_for():
    with pytest.raises(UserError, match=r"conv = \[\]: conv needs sizes, such as \[1, 3, 5\]"):
        load_config(overrides=["space.layers.conv=[]"])


def test_a_file_that_sets_nothing_is_no_configuration(tmp_path):
    file = tmp_path / "empty.toml"
    file.write_text("# [task]\n")
    with pytest.raises(UserError, match="sets nothing: write settings into it"):
        load_config(file=file)
