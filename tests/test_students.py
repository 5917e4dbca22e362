"""Students: layers, merges, masks, parameter counts, tables, and the Hugging Face shell."""

from pathlib import Path

import numpy as np
import pytest
import torch
from programs import output_of
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
)
from transformers.models.bert.modeling_bert import BertSelfAttention

from kdnas.adabert import EDGES, CellArchitecture, CellEdge, CellsForSequenceClassification
from kdnas.space import (
    LAYERS,
    MERGES,
    PAPER_SPACE,
    Architecture,
    NetworkShape,
    Node,
    Op,
    SearchSpace,
    count_flops,
    count_parameters,
    random_uniform,
)
from kdnas.students import (
    Student,
    StudentConfig,
    StudentForSequenceClassification,
    initial_tables,
    load_tables,
    make_layer,
    masked_max,
    merge_of,
    only_rows_of,
)
from kdnas.students.convolution import convolve, convolve_depthwise

SHAPE = NetworkShape(vocabulary=97, classes=3, positions=40)
SMALL = SearchSpace(repeats=(1, 2), widths=(16, 32), node_widths=(16, 32))
CELL = CellArchitecture(2, 8, (CellEdge(*EDGES[0], "conv3"),))
OPS = [Op("conv", 1), Op("conv", 5), Op("sepconv", 7), Op("attention", 4), Op("glu")]


def some_architectures(count: int, space: SearchSpace = SMALL) -> list[Architecture]:
    rng = np.random.default_rng(count)
    return [random_uniform(space, rng).architecture for _ in range(count)]


def student_of(arch: Architecture, shape: NetworkShape = SHAPE, seed: int = 0) -> Student:
    torch.manual_seed(seed)
    return Student(arch, shape).eval()


def texts(batch: int, length: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, SHAPE.vocabulary, (batch, length), generator=generator)
    return ids, torch.ones(batch, length, dtype=torch.bool)


@pytest.mark.parametrize("op", OPS, ids=str)
class TestLayerContract:
    def test_shape_and_gradients(self, op: Op) -> None:
        layer = make_layer(op, 12, 8)
        x, mask = torch.randn(2, 6, 12), torch.ones(2, 6, dtype=torch.bool)
        y = layer(x, mask)
        assert y.shape == (2, 6, 8)
        y.square().sum().backward()
        assert all(p.grad is not None and p.grad.any() for name, p in layer.named_parameters()
                   if name != "key.bias")  # fmt: skip  # softmax does not see a shift of all keys

    def test_padding_is_never_seen(self, op: Op) -> None:
        layer = make_layer(op, 12, 8)
        x, mask = torch.randn(1, 9, 12), torch.arange(9)[None] < 5
        other = torch.where(mask[..., None], x, torch.full_like(x, 7.0))
        assert torch.allclose(layer(x, mask)[:, :5], layer(other, mask)[:, :5], atol=1e-6)
        alone = layer(x[:, :5], mask[:, :5])
        assert torch.allclose(layer(x, mask)[:, :5], alone, atol=1e-6)

    def test_kernels_reach_as_far_as_they_say(self, op: Op) -> None:
        layer = make_layer(op, 12, 8)
        x, mask = torch.randn(1, 15, 12), torch.ones(1, 15, dtype=torch.bool)
        moved = x.clone()
        moved[0, 7] += 1.0
        changed = ((layer(moved, mask) - layer(x, mask)).abs().sum(-1) > 1e-6)[0].nonzero()
        reach = {"attention": 7, "glu": 0}.get(op.kind, op.size // 2)
        assert changed.min() == 7 - reach
        assert changed.max() == 7 + reach


def test_every_layer_type_is_tested() -> None:
    assert {op.kind for op in OPS} == set(LAYERS)


def test_attention_agrees_with_bert() -> None:
    """A block that is a chain of one attention node is BERT's self-attention and its output map."""
    config = BertConfig(
        hidden_size=16, num_attention_heads=4, attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )  # fmt: skip
    reference, projection = BertSelfAttention(config).eval(), nn.Linear(16, 16)
    arch = Architecture(
        1, 16, frozenset({(0, 1), (1, 2), (2, 3)}), (
            Node(Op("attention", 4), 16), Node(Op("conv", 1), 16)),
    )  # fmt: skip
    student = student_of(arch, NetworkShape(97, 3, 40, norm="none"))
    block = student.blocks[0]
    attention, linear = block.layers
    with torch.no_grad():
        for name in ("query", "key", "value"):
            getattr(attention, name).load_state_dict(getattr(reference, name).state_dict())
        attention.out.load_state_dict(projection.state_dict())
        linear.conv.weight.copy_(torch.eye(16)[..., None])
        linear.conv.bias.zero_()
    x, mask = torch.randn(3, 7, 16), torch.arange(7)[None] < torch.tensor([[7], [4], [2]])
    bias = torch.where(mask, 0.0, torch.finfo(torch.float32).min)[:, None, None, :]
    expected = projection(reference(x, attention_mask=bias)[0])
    assert torch.allclose(block(x, mask)[mask], expected[mask], atol=1e-5)


@pytest.mark.parametrize("kernel", [1, 3, 5, 11])
@pytest.mark.parametrize("depthwise", [False, True])
class TestConvolutions:
    def arguments(self, kernel: int, depthwise: bool) -> tuple[torch.Tensor, ...]:
        """Input, weight, bias and a gradient; the texts are shorter than the longest kernel."""
        out, shape = (6, (6, 1, kernel)) if depthwise else (5, (5, 6, kernel))
        generator = torch.Generator().manual_seed(kernel)
        values = [
            torch.randn(*s, generator=generator, dtype=torch.float64)
            for s in ((3, 8, 6), shape, (out,), (3, 8, out))
        ]
        return *(value.requires_grad_() for value in values[:3]), values[3]

    def test_values_and_gradients_are_those_of_conv1d(self, kernel: int, depthwise: bool) -> None:
        x, weight, bias, grad = self.arguments(kernel, depthwise)
        ours = (convolve_depthwise if depthwise else convolve)(x, weight, bias)
        reference = nn.functional.conv1d(
            x.transpose(1, 2), weight, bias, padding=kernel // 2, groups=6 if depthwise else 1
        ).transpose(1, 2)
        assert torch.allclose(ours, reference)
        found = torch.autograd.grad(ours, (x, weight, bias), grad)
        expected = torch.autograd.grad(reference, (x, weight, bias), grad)
        for one, other in zip(found, expected, strict=True):
            assert torch.allclose(one, other)

    def test_with_and_without_gradients_are_the_same(self, kernel: int, depthwise: bool) -> None:
        x, weight, bias, _ = self.arguments(kernel, depthwise)
        function = convolve_depthwise if depthwise else convolve
        trained = function(x, weight, bias)
        assert trained.requires_grad
        with torch.inference_mode():
            assert torch.allclose(function(x, weight, bias), trained)


def test_glu_formula() -> None:
    layer = make_layer(Op("glu"), 5, 4)
    (w1, w2), (b1, b2) = layer.linear.weight.chunk(2), layer.linear.bias.chunk(2)
    x = torch.randn(2, 3, 5)
    expected = (x @ w1.T + b1) * torch.sigmoid(x @ w2.T + b2)
    assert torch.allclose(layer(x, torch.ones(2, 3, dtype=torch.bool)), expected, atol=1e-6)


def test_sepconv_is_a_convolution_with_factored_kernel() -> None:
    layer = make_layer(Op("sepconv", 3), 4, 6)
    full = nn.Conv1d(4, 6, 3, padding=1)
    with torch.no_grad():  # kernel[o, i, t] = pointwise[o, i] * depthwise[i, t]
        kernel = layer.pointwise.weight[:, :, None] * layer.depthwise.weight[:, 0][None]
        full.weight.copy_(kernel)
        full.bias.copy_(layer.pointwise.weight @ layer.depthwise.bias + layer.pointwise.bias)
    x = torch.randn(2, 8, 4)
    expected = full(x.transpose(1, 2)).transpose(1, 2)
    assert torch.allclose(layer(x, torch.ones(2, 8, dtype=torch.bool)), expected, atol=1e-5)


def test_merges_of_different_widths() -> None:
    a, b = torch.full((1, 1, 2), 3.0), torch.tensor([[[2.0, 4.0, 5.0]]])
    assert merge_of("add", 2)([a, b]).tolist() == [[[5.0, 7.0, 5.0]]]
    assert merge_of("mul", 2)([a, b]).tolist() == [[[6.0, 12.0, 5.0]]]
    assert merge_of("concat", 2)([a, b]).tolist() == [[[3.0, 3.0, 2.0, 4.0, 5.0]]]


@pytest.mark.parametrize("mode", MERGES)
def test_a_single_input_passes_unchanged(mode: str) -> None:
    x = torch.randn(2, 3, 4)
    assert torch.equal(merge_of(mode, 1)([x]), x)


def test_max_pooling_ignores_padding() -> None:
    x = torch.tensor([[[1.0], [-2.0], [9.0]]])
    assert masked_max(x, torch.tensor([[True, True, False]])).tolist() == [[1.0]]
    assert masked_max(-x.abs(), torch.tensor([[True, True, False]])).tolist() == [[-1.0]]


@pytest.mark.parametrize("norm", ["block", "node", "none"])
@pytest.mark.parametrize("out_adapter", ["linear", "pad"])
@pytest.mark.parametrize("share_blocks", [False, True])
def test_closed_form_counts_the_parameters(norm, out_adapter, share_blocks) -> None:
    shape = NetworkShape(97, 3, 40, 2, norm, out_adapter, share_blocks)
    for arch in some_architectures(12):
        student = student_of(arch, shape)
        assert sum(p.numel() for p in student.parameters()) == count_parameters(arch, shape)


def test_closed_form_counts_the_parameters_in_the_papers_space() -> None:
    shape = NetworkShape(vocabulary=50, classes=2, positions=16)
    for arch in some_architectures(10, PAPER_SPACE):
        with torch.device("meta"):
            counted = sum(p.numel() for p in Student(arch, shape).parameters())
        assert counted == count_parameters(arch, shape)


def test_closed_form_counts_the_operations() -> None:
    for arch in some_architectures(15):
        student, (ids, mask) = student_of(arch), texts(1, 11)
        plain = sdpa_kernel(SDPBackend.MATH)  # the counter does not know the fused CPU kernel
        with plain, FlopCounterMode(display=False) as counter, torch.inference_mode():
            student(ids, mask)
        assert counter.get_total_flops() == count_flops(arch, SHAPE, 11)


def test_padding_never_changes_a_logit() -> None:
    for arch in some_architectures(20):
        student, (ids, mask) = student_of(arch), texts(2, 7)
        junk, _ = texts(2, 9, seed=1)
        longer = torch.cat([ids, junk], dim=1)
        padded = torch.cat([mask, torch.zeros_like(junk, dtype=torch.bool)], dim=1)
        with torch.inference_mode():
            assert torch.allclose(
                student(ids, mask)[0], student(longer, padded)[0], rtol=1e-4, atol=1e-5
            )


def test_relabelled_blocks_give_bit_equal_logits() -> None:
    """Nodes 1 and 2 of a diamond change places; concatenation would see their order."""
    a, b = Node(Op("conv", 3), 16, activation="relu"), Node(Op("glu"), 32)
    edges = frozenset({(0, 1), (0, 2), (1, 3), (2, 3), (3, 5)})
    last, idle = Node(Op("attention", 4), 16, mode="concat"), Node(Op("conv", 1), 16)
    one = Architecture(2, 16, edges, (a, b, last, idle))
    other = Architecture(2, 16, edges, (b, a, last, idle))
    assert one != other
    assert one.key == other.key
    ids, mask = texts(3, 9)
    with torch.inference_mode():
        assert torch.equal(student_of(one)(ids, mask)[0], student_of(other)(ids, mask)[0])
        assert not torch.equal(student_of(one, seed=1)(ids, mask)[0], student_of(one)(ids, mask)[0])


def test_block_outputs_lead_to_the_logits() -> None:
    arch = some_architectures(1)[0]
    student, (ids, mask) = student_of(arch), texts(2, 5)
    logits, blocks = student(ids, mask)
    assert len(blocks) == 1 + arch.repeats
    assert all(block.shape == (2, 5, arch.width) for block in blocks)
    assert torch.equal(student.classifier(masked_max(blocks[-1], mask)), logits)


def test_shared_blocks_are_one_block() -> None:
    arch = Architecture(
        3, 16, frozenset({(0, 1), (1, 3), (0, 3)}), (Node(Op("glu"), 16), Node(Op("glu"), 16))
    )
    shared = student_of(arch, NetworkShape(97, 3, 40, share_blocks=True))
    assert len(shared.blocks) == 1
    assert len(shared(*texts(1, 4))[1]) == 1 + 3


class TestInitialTables:
    def test_distances_survive_a_projection_to_full_width(self) -> None:
        rng = np.random.default_rng(0)
        words = rng.normal(2.0, 1.0, (200, 12)).astype(np.float32)
        tables = initial_tables(words, words[:20], 12)
        assert tables["words"].std() == pytest.approx(0.5, abs=1e-4)
        scale = tables["words"].std() / (words - words.mean(0)).std()
        before = np.linalg.norm(words[3] - words[50]) * scale
        assert np.linalg.norm(tables["words"][3] - tables["words"][50]) == pytest.approx(
            before, rel=1e-3
        )
        moved = np.linalg.norm(words[3] - words[7]) * scale
        assert np.linalg.norm(tables["positions"][3] - tables["positions"][7]) == pytest.approx(
            moved, rel=1e-3
        )

    def test_the_largest_directions_are_kept(self) -> None:
        rng = np.random.default_rng(0)
        words = rng.normal(size=(500, 6)) * np.array([9, 0.1, 0.1, 5, 0.1, 0.1])
        kept = initial_tables(words, words[:4], 2)["words"]
        assert abs(np.corrcoef(kept[:, 0], words[:, 0])[0, 1]) > 0.99
        assert abs(np.corrcoef(kept[:, 1], words[:, 3])[0, 1]) > 0.99

    def test_wider_students_get_drawn_columns_of_the_same_scale(self) -> None:
        words = np.random.default_rng(0).normal(size=(300, 4))
        tables = initial_tables(words, words[:10], 10)
        assert tables["words"].shape == (300, 10)
        assert tables["words"][:, 4:].std() == pytest.approx(0.5, rel=0.1)
        again = initial_tables(words, words[:10], 10)
        assert np.array_equal(tables["words"], again["words"])

    def test_loading_leaves_other_rows_alone(self) -> None:
        student = student_of(some_architectures(1)[0])
        width = student.classifier.weight.shape[1]
        before = student.embedding.positions.weight[30:].clone()
        words = np.full((97, width), 2.0, np.float32)
        load_tables(student.embedding, {"words": words, "positions": words[:30]})
        assert student.embedding.words.weight.eq(2.0).all()
        assert torch.equal(student.embedding.positions.weight[30:], before)


class TestFewRows:
    IDS = np.array([[3, 90, 7, 0], [7, 3, 0, 0]], dtype=np.int32)

    def test_the_network_is_the_same_and_has_only_the_rows_it_needs(self) -> None:
        student = student_of(some_architectures(1)[0])
        mask = torch.tensor([[True] * 4, [True, True, False, False]])
        before = student(torch.from_numpy(self.IDS).long(), mask)[0]
        with only_rows_of(student.embedding, self.IDS) as rows:
            assert rows.dtype == self.IDS.dtype
            assert len(student.embedding.words.weight) == 4
            assert len(student.embedding.positions.weight) == 4
            assert torch.equal(student(torch.from_numpy(rows).long(), mask)[0], before)

    @pytest.mark.parametrize("failing", [False, True])
    def test_trained_rows_come_back_and_the_others_stay(self, failing: bool) -> None:
        embedding = student_of(some_architectures(1)[0]).embedding
        tables = embedding.words.weight, embedding.positions.weight
        old = [table.detach().clone() for table in tables]
        try:
            with only_rows_of(embedding, self.IDS), torch.no_grad():
                embedding.words.weight += 1.0
                embedding.positions.weight += 1.0
                if failing:
                    raise RuntimeError
        except RuntimeError:
            assert failing
        assert (embedding.words.weight, embedding.positions.weight) == tables
        for table, before, used in zip(tables, old, ([0, 3, 7, 90], [0, 1, 2, 3]), strict=True):
            expected = before.clone()
            expected[used] += 1.0
            assert torch.equal(table, expected)


class TestShell:
    def test_saved_students_load_with_the_auto_class_in_a_fresh_process(
        self, tmp_path: Path
    ) -> None:
        arch = some_architectures(3)[2]
        config = StudentConfig.of(arch.to_json(), SHAPE, ("bad", "fair", "good"), 32, 0.1)
        model = StudentForSequenceClassification(config).eval()
        ids, mask = texts(2, 6)
        expected = model(ids, mask).logits
        model.save_pretrained(tmp_path)
        assert not list(tmp_path.glob("*.bin"))
        program = (
            "import torch, sys, kdnas.students\n"
            "from transformers import AutoModelForSequenceClassification as Auto\n"
            f"model = Auto.from_pretrained({str(tmp_path)!r})\n"
            f"ids = torch.tensor({ids.tolist()})\n"
            "print(model(ids).logits.flatten().tolist(), model.config.id2label[2],"
            " model.config.token_limit)"
        )
        values, _, rest = output_of(program).rpartition("]")
        assert rest.split() == ["good", "32"]
        found = torch.tensor([float(v) for v in values.strip(" [").split(",")])
        assert torch.allclose(found, expected.flatten(), atol=1e-6)

    def test_loss_is_the_cross_entropy(self) -> None:
        config = StudentConfig.of(
            some_architectures(1)[0].to_json(), SHAPE, ("a", "b", "c"), 32, 0.1
        )
        model = StudentForSequenceClassification(config).eval()
        ids, mask = texts(2, 6)
        labels = torch.tensor([0, 2])
        out = model(ids, mask, labels=labels)
        expected = nn.functional.cross_entropy(out.logits, labels)
        assert torch.allclose(out.loss, expected)

    @pytest.mark.parametrize(
        "form", [StudentForSequenceClassification, CellsForSequenceClassification]
    )
    @pytest.mark.parametrize("labels", [1, 2, 3, 5])
    def test_other_labels_are_a_new_head(self, labels: int, form, tmp_path: Path) -> None:
        """Also of a student of cells; it is saved and loaded with its new head."""
        is_cells = form is CellsForSequenceClassification
        genotype = CELL if is_cells else some_architectures(1)[0]
        config = form.config_class.of(genotype.to_json(), SHAPE, ("a", "b", "c"), 32, 0.1)
        model = form(config).eval()
        model.save_pretrained(tmp_path / "three")
        adapted = AutoModelForSequenceClassification.from_pretrained(
            tmp_path / "three", num_labels=labels, ignore_mismatched_sizes=True
        )
        ids, mask = texts(2, 6)
        logits = adapted(ids, mask).logits
        assert logits.shape == (2, labels)
        if labels != 3:
            started, width = adapted.student.classifier, model.student.classifier.in_features
            assert 0 < started.weight.abs().max() <= width**-0.5
            assert started.bias.abs().max() <= width**-0.5
        assert torch.equal(
            adapted.get_input_embeddings().weight, model.get_input_embeddings().weight
        )
        adapted.save_pretrained(tmp_path / "other")
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "other")
        assert torch.allclose(again(ids, mask).logits, logits, atol=1e-6)

    @pytest.mark.parametrize(
        ("problem", "classes", "truth"),
        [
            (None, 3, torch.tensor([0, 2])),
            ("single_label_classification", 3, torch.tensor([0, 2])),
            ("multi_label_classification", 3, torch.tensor([[1.0, 0, 1], [0, 0, 1]])),
            ("regression", 1, torch.tensor([0.5, 2])),
            (None, 1, torch.tensor([0.5, 2])),
            (None, 3, torch.tensor([[1.0, 0, 1], [0, 0, 1]])),
        ],
        ids=str,
    )
    def test_the_loss_is_that_of_the_problem_as_of_bert(self, problem, classes, truth) -> None:
        labels = tuple(map(str, range(classes)))
        config = StudentConfig.of(some_architectures(1)[0].to_json(), SHAPE, labels, 32, 0.1)
        config.problem_type = problem
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        sizes |= {"intermediate_size": 16}
        bert = BertForSequenceClassification(
            BertConfig(vocab_size=97, num_labels=classes, problem_type=problem, **sizes)
        ).eval()
        model, (ids, mask) = StudentForSequenceClassification(config).eval(), texts(2, 6)
        out = model(ids, mask, labels=truth)
        bert.classifier.forward = lambda _: out.logits
        assert torch.equal(out.loss, bert(ids, mask, labels=truth).loss)

    def test_the_word_table_can_be_resized(self, tmp_path: Path) -> None:
        config = StudentConfig.of(
            some_architectures(1)[0].to_json(), SHAPE, ("a", "b", "c"), 32, 0.1
        )
        model, (ids, mask) = StudentForSequenceClassification(config).eval(), texts(2, 6)
        before = model(ids, mask).logits
        model.resize_token_embeddings(SHAPE.vocabulary + 4)
        assert torch.equal(model(ids, mask).logits, before)
        assert model(torch.full((1, 3), SHAPE.vocabulary + 3)).logits.isfinite().all()
        model.save_pretrained(tmp_path)
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        assert again.get_input_embeddings().num_embeddings == SHAPE.vocabulary + 4
        assert torch.allclose(again(ids, mask).logits, before, atol=1e-6)

    def test_outputs_are_those_that_are_asked_for(self) -> None:
        arch = some_architectures(1)[0]
        config = StudentConfig.of(arch.to_json(), SHAPE, ("a", "b", "c"), 32, 0.1)
        model, (ids, mask) = StudentForSequenceClassification(config).eval(), texts(2, 6)
        (logits,) = model(ids, mask, return_dict=False)
        assert torch.equal(logits, model(ids, mask).logits)
        loss, _, states = model(
            ids, mask, labels=torch.tensor([0, 1]), output_hidden_states=True, return_dict=False
        )
        assert loss.isfinite()
        assert len(states) == 1 + arch.repeats
        assert model(ids, mask).hidden_states is None

    def test_shared_blocks_can_be_saved(self, tmp_path: Path) -> None:
        shape = NetworkShape(97, 3, 40, share_blocks=True)
        config = StudentConfig.of(
            some_architectures(2)[1].to_json(), shape, ("a", "b", "c"), 32, 0.1
        )
        model = StudentForSequenceClassification(config).eval()
        model.save_pretrained(tmp_path)
        again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
        assert torch.equal(again(texts(1, 4)[0]).logits, model(texts(1, 4)[0]).logits)
