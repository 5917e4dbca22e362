"""How fast is a distillation, against the tools that one would otherwise take, and equally good?

Ways to train the same students on Rotten Tomatoes with the quickstart's teacher, the same loss,
batches of 32, the same schedule, clipping and threads:

- `kdnas`: `kdnas.distill.distill`;
- `trainer`: `transformers.Trainer`, fused AdamW, `DataCollatorWithPadding`, `group_by_length`, no
  evaluation, logging or saving; only `train()` is timed, not its construction;
- `plain`: the loop that kdnas once had: AdamW with decay over whole tables, batches of similar
  length built at every step;
- both `with conv1d`: the same students, but with torch's own convolutions instead of the forms of
  `kdnas.students.convolution`; together with the plain loop that is kdnas as it was.

They take turns; the figures are medians over the repeats after a short round of warming up.
`FLOP/s` are three times the forward pass's (`kdnas.space.count_flops`, real tokens only, backward
counted as two forward passes), `of peak` is their share of a 1024 x 1024 float32 product's,
measured in the same run. Larger students train on fewer texts; `rows` says how many words those
use. Targets: small 2 times the trainer and 1.5 times kdnas as it was, middle 1.4 times the
trainer, large no slower than either.

`--seeds 5` trains small students to the end instead: the loss of the finished student on the
training texts (its own two terms, without dropout) and its accuracy on search-val, each way.

Run: python benchmarks/distill_speed.py [--threads 1] [--sizes small middle] [--json out.json]
It needs `pip install accelerate`, without which transformers.Trainer does not start.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.config import Config, DistillSettings, load_config
from kdnas.distill import StudentProbes, distill, kd_loss, layer_map, logit_loss, probe_loss
from kdnas.evaluate import Prepared, prepare
from kdnas.space import Architecture, Node, Op, count_flops
from kdnas.students import Student, load_tables
from kdnas.teachers import Signals, student_tables
from kdnas.training import EncodedTexts, encode, epoch_plan, exact_float32, predict, take

CPU = torch.device("cpu")
GRAPH = frozenset({(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (1, 5), (4, 5)})


def one_of_each(repeats: int, width: int) -> Architecture:
    """Convolution and attention side by side, then a separable convolution and a gated unit."""
    nodes = (
        Node(Op("conv", 3), width, activation="relu"),
        Node(Op("attention", 8), width),
        Node(Op("sepconv", 7), width, activation="swish"),
        Node(Op("glu"), width),
    )
    return Architecture(repeats, width, GRAPH, nodes)


SIZES = {
    "small": (one_of_each(3, 128), 3000),
    "middle": (one_of_each(5, 256), 1600),
    "large": (one_of_each(8, 512), 640),
}
"""Architecture, and texts of the one epoch that is timed.

Not fewer: Trainer sorts within a quarter of the texts at most, so that few texts pad much."""


@dataclass(frozen=True)
class Setting:
    """What all three ways have in common."""

    prepared: Prepared
    texts: EncodedTexts
    settings: DistillSettings

    @property
    def signals(self) -> Signals:
        """The teacher on the training texts."""
        return self.prepared.signals

    def cut(self, count: int, epochs: int) -> "Setting":
        """The first `count` texts, for `epochs` epochs."""
        texts = EncodedTexts(self.texts.ids[:count], self.texts.lengths[:count])
        return Setting(self.prepared, texts, self.settings.model_copy(update={"epochs": epochs}))

    def student(self, arch: Architecture, seed: int) -> Student:
        """A fresh student, its tables started from the teacher's."""
        torch.manual_seed(seed)
        student = Student(arch, self.prepared.shape)
        load_tables(student.embedding, student_tables(self.prepared.teacher, arch.width))
        return student


class Distilled(nn.Module):
    """A student with its probes whose forward pass ends in the loss, as Trainer wants it."""

    def __init__(self, student: Student, setting: Setting) -> None:
        super().__init__()
        classes, width = student.classifier.weight.shape
        self.student, self.settings = student, setting.settings
        self.probes = StudentProbes(student.repeats, width, classes)
        layers = layer_map(student.repeats, setting.signals.probe_logits.shape[1] - 1)
        self.logits = torch.from_numpy(setting.signals.logits)
        self.probe_logits = torch.from_numpy(setting.signals.probe_logits[:, layers])

    def forward(self, input_ids: Tensor, attention_mask: Tensor, index: Tensor) -> dict[str, Any]:
        """The loss of a batch; `index` says which texts it holds."""
        s, mask = self.settings, attention_mask.bool()
        logits, blocks = self.student(input_ids, mask)
        probe = probe_loss(self.probes(blocks, mask), self.probe_logits[index], s.probe_temperature)
        kd = kd_loss(logits, self.logits[index], s.temperature)
        mse = logit_loss(logits, self.logits[index])
        return {"loss": s.kd_weight * kd + s.probe_weight * probe + s.logit_weight * mse}


Way = Callable[[Student, Setting, int], Callable[[], object]]
"""From a fresh student, what it learns from and a seed to the training itself."""


def by_kdnas(student: Student, setting: Setting, seed: int) -> Callable[[], object]:
    """The library as it is."""
    return lambda: distill(student, setting.texts, setting.signals, setting.settings, seed)


def by_trainer(student: Student, setting: Setting, seed: int) -> Callable[[], object]:
    """`transformers.Trainer`, configured for speed."""
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

    s, texts = setting.settings, setting.texts
    rows = [
        {"input_ids": ids[:n].tolist(), "attention_mask": [1] * int(n), "index": i}
        for i, (ids, n) in enumerate(zip(texts.ids, texts.lengths, strict=True))
    ]
    arguments = TrainingArguments(
        str(Path(tempfile.gettempdir()) / "kdnas-distill-speed"),  # stays empty
        num_train_epochs=s.epochs,
        per_device_train_batch_size=s.batch_size,
        learning_rate=s.learning_rate,
        weight_decay=s.weight_decay,
        warmup_ratio=s.warmup,
        max_grad_norm=s.clip,
        optim="adamw_torch_fused",
        group_by_length=True,
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        use_cpu=True,
        seed=seed,
    )
    collator = DataCollatorWithPadding(setting.prepared.tokenizer)
    model = Distilled(student, setting)
    return Trainer(model, arguments, data_collator=collator, train_dataset=rows).train


def by_plain_loop(student: Student, setting: Setting, seed: int) -> Callable[[], object]:
    """The loop that kdnas had: everything whole, everything at every step."""
    s, texts = setting.settings, setting.texts

    def train() -> None:
        torch.manual_seed(seed)
        model = Distilled(student, setting).train()
        rng = np.random.default_rng(seed)
        plan = epoch_plan(texts.lengths, s.batch_size, s.epochs, rng)
        steps, trained = sum(map(len, plan)), list(model.parameters())
        rising = max(round(s.warmup * steps), 1)
        optimiser = torch.optim.AdamW(
            trained, lr=s.learning_rate, weight_decay=s.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser,
            lambda step: min((step + 1) / rising, (steps - step) / max(steps - rising, 1)),
        )
        total = torch.zeros(())
        for batches in plan:
            for index in batches:
                batch = take(texts, index, CPU)
                loss = model(batch.ids, batch.mask, batch.index)["loss"]
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(trained, s.clip)
                optimiser.step()
                schedule.step()
                total += loss.detach()

    return train


def conv1d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Both convolutions of `kdnas.students.convolution` as torch offers them."""
    kernel, groups = weight.shape[2], x.shape[2] // weight.shape[1]
    mixed = F.conv1d(x.transpose(1, 2), weight, bias, padding=kernel // 2, groups=groups)
    return mixed.transpose(1, 2)


def with_conv1d(way: Way) -> Way:
    """`way` on students with torch's convolutions."""

    def other(student: Student, setting: Setting, seed: int) -> Callable[[], object]:
        train = way(student, setting, seed)

        def run() -> None:
            layers = "kdnas.students.layers"
            with (
                patch(f"{layers}.convolve", conv1d),
                patch(f"{layers}.convolve_depthwise", conv1d),
            ):
                train()

        return run

    return other


WAYS: dict[str, Way] = {
    "kdnas": by_kdnas,
    "trainer": by_trainer,
    "plain": by_plain_loop,
    "trainer with conv1d": with_conv1d(by_trainer),
    "plain with conv1d": with_conv1d(by_plain_loop),
}


def peak_flops() -> float:
    """Most FLOP/s of a float32 product in ten tries."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    taken = []
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(a, b)
        taken.append(time.perf_counter() - start)
    return 2 * 1024**3 / min(taken)


def speeds(setting: Setting, size: str, repeats: int) -> dict[str, Any]:
    """Median sentences and FLOP per second of each way, taking turns.

    CPU time too: on a machine with other work, and one thread, it is the better comparison.
    """
    arch, count = SIZES[size]
    cut = setting.cut(count, epochs=1)
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    busy: dict[str, list[float]] = {name: [] for name in WAYS}
    for way in WAYS.values():
        way(setting.student(arch, 0), setting.cut(64, epochs=1), 0)()
    for repeat in range(repeats):
        for name, way in WAYS.items():
            train = way(setting.student(arch, repeat), cut, repeat)
            start, started = time.perf_counter(), time.process_time()
            train()
            seconds[name].append(time.perf_counter() - start)
            busy[name].append(time.process_time() - started)
    shape, lengths = setting.prepared.shape, cut.texts.lengths
    work = 3 * sum(count_flops(arch, shape, int(length)) for length in lengths)
    peak = peak_flops()
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    worked = {name: statistics.median(values) for name, values in busy.items()}
    return {
        "size": size,
        "rows": len(np.unique(cut.texts.ids)),
        "peak": peak,
        "seconds": seconds,
        "cpu_seconds": busy,
        "per_second": {name: len(lengths) / value for name, value in medians.items()},
        "flops": {name: work / value for name, value in medians.items()},
        "ratio": {name: value / medians["kdnas"] for name, value in medians.items()},
        "cpu_ratio": {name: value / worked["kdnas"] for name, value in worked.items()},
    }


def finished(student: Student, setting: Setting) -> tuple[float, float]:
    """The student's own terms of the loss on the training texts, and its accuracy (%)."""
    student.eval()
    prepared, s = setting.prepared, setting.settings

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        return student(ids, mask)[0]

    logits = torch.from_numpy(predict(forward, setting.texts, CPU))
    teacher = torch.from_numpy(setting.signals.logits[: len(logits)])
    kd = kd_loss(logits, teacher, s.temperature)
    loss = s.kd_weight * kd + s.logit_weight * logit_loss(logits, teacher)
    search = encode(prepared.tokenizer, prepared.task.search.texts, prepared.teacher.max_length)
    right = predict(forward, search, CPU).argmax(1) == np.array(prepared.task.search.labels)
    return float(loss), 100 * float(right.mean())


def qualities(setting: Setting, seeds: int) -> dict[str, dict[str, list[float]]]:
    """Final loss and accuracy of small students trained to the end, for each way and seed."""
    names = ("kdnas", "trainer", "plain with conv1d")
    found: dict[str, dict[str, list[float]]] = {n: {"loss": [], "accuracy": []} for n in names}
    for seed in range(seeds):
        for name in names:
            student = setting.student(SIZES["small"][0], seed)
            WAYS[name](student, setting, seed)()
            loss, accuracy = finished(student, setting)
            found[name]["loss"].append(loss)
            found[name]["accuracy"].append(accuracy)
    return found


def speed_table(results: list[dict[str, Any]]) -> Table:
    """One line per size and way."""
    columns = ("rows", "sentences/s", "kdnas is faster", "in CPU time", "GFLOP/s", "of peak")
    table = Table("size", "way", *columns, title="speed (medians)", min_width=100)
    for result in results:
        for name in WAYS:
            flops, faster = result["flops"][name], result["ratio"][name]
            table.add_row(
                result["size"], name, str(result["rows"]), f"{result['per_second'][name]:.0f}",
                f"{faster:.2f} x", f"{result['cpu_ratio'][name]:.2f} x", f"{flops / 1e9:.1f}",
                f"{flops / result['peak']:.0%}",
            )  # fmt: skip
    return table


def quality_table(found: dict[str, dict[str, list[float]]]) -> Table:
    """Mean and standard deviation over the seeds."""
    table = Table("way", "loss", "accuracy (%)", title="finished small students")
    for name, values in found.items():
        spread = {key: (statistics.mean(v), statistics.stdev(v)) for key, v in values.items()}
        table.add_row(
            name,
            "{:.4f} +- {:.4f}".format(*spread["loss"]),
            "{:.2f} +- {:.2f}".format(*spread["accuracy"]),
        )
    return table


def setting_of(config: Config) -> Setting:
    """The quickstart's data, teacher and signals."""
    prepared = prepare(config)
    texts = encode(prepared.tokenizer, prepared.task.train.texts, config.student.max_length)
    return Setting(prepared, texts, config.distill)


def main() -> None:
    """Measure and print; `--json` keeps the single figures too."""
    parser = argparse.ArgumentParser(description="Speed and equality of distillation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=0, help="compare finished students instead")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if importlib.util.find_spec("accelerate") is None:
        raise SystemExit("transformers.Trainer needs accelerate: pip install accelerate")
    exact_float32(chosen.threads)
    console, setting = Console(), setting_of(load_config("quickstart"))
    report: dict[str, Any] = {"threads": chosen.threads, "machine": platform.processor()}
    if chosen.seeds:
        report["finished"] = qualities(setting, chosen.seeds)
        console.print(quality_table(report["finished"]))
    else:
        report["speed"] = [speeds(setting, size, chosen.repeats) for size in chosen.sizes]
        console.print(speed_table(report["speed"]))
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
