"""The ablation lab: statistics by hand, every switch proven, the committed runs."""

import itertools
import json
import math
import random
from collections import Counter
from statistics import mean

import pytest
import torch
from ablate import RESULTS, VARIANTS
from torch.utils.flop_counter import FlopCounterMode

import bert_tutorial.labs.ablation.run as ablation
from bert_tutorial.course.plots.curves import interval_rows
from bert_tutorial.course.plots.style import COLORS
from bert_tutorial.labs.ablation.lab import (
    LabData,
    lab_model,
    linear_probe,
    order_pairs,
    own_word_share,
    same_masks_loss,
    sine_positions,
    small_world,
)
from bert_tutorial.labs.ablation.records import (
    T_95,
    Interval,
    by_seed,
    compare,
    mean_interval,
    paired_difference,
)
from bert_tutorial.labs.ablation.variants import (
    BASELINE,
    LabRecipe,
    Variant,
    training_operations,
)
from bert_tutorial.model.objectives import pretraining_loss
from bert_tutorial.pretraining.pairs import stack_pairs
from bert_tutorial.training.loop import TrainingConfig, train
from bert_tutorial.world import Mix, World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.facts import all_facts

TINY = {"tokens_per_batch": 256, "steps": 2, "hidden_size": 16, "max_length": 64}
MIX = Mix(sentences=600, documents=240)


def world(seed=0):
    facts = all_facts()
    countries = {fact.subject for fact in facts[:80]}
    return World(seed, MIX, tuple(f for f in facts if f.subject in countries))


@pytest.fixture(scope="module")
def data():
    return LabData(world(), LabRecipe(**TINY))


# statistics


def share_within(q, df, pieces=20_000):
    """Integrate Student's density from -q to q by Simpson's rule."""
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))
    scale /= math.sqrt(df * math.pi)
    h = q / pieces
    total = 0.0
    for i in range(pieces + 1):
        weight = 1 if i in (0, pieces) else 4 if i % 2 else 2
        total += weight * (1 + (i * h) ** 2 / df) ** (-(df + 1) / 2)
    return 2 * scale * total * h / 3


@pytest.mark.parametrize("df", T_95)
def test_the_table_holds_the_95_percent_points(df):
    assert share_within(T_95[df], df) == pytest.approx(0.95, abs=5e-5)


def test_an_interval_worked_by_hand():
    # mean 0.8, squares 0.01 + 0 + 0.01 over 2: s = 0.1; 4.303 * 0.1 / sqrt(3)
    interval = mean_interval([0.7, 0.8, 0.9])
    assert interval.mean == pytest.approx(0.8)
    assert interval.half_width == pytest.approx(0.24844, abs=1e-5)
    assert interval.low == pytest.approx(0.55156, abs=1e-5)
    assert interval.high == pytest.approx(1.04844, abs=1e-5)
    # two runs: s = 2 / sqrt(2), half width 12.706 * s / sqrt(2) = 12.706
    assert mean_interval([1.0, 3.0]).half_width == pytest.approx(12.706)


def test_one_run_has_no_interval():
    with pytest.raises(ValueError, match="one run has no spread"):
        mean_interval([0.8])


def test_pairing_takes_the_seeds_luck_out():
    baseline = {0: 0.2, 1: 0.6, 2: 0.9}
    variant = {2: 1.0, 0: 0.28, 1: 0.72}
    difference = paired_difference(variant, baseline)
    # differences 0.08, 0.12, 0.10: mean 0.1, s = 0.02, 4.303 * 0.02 / sqrt(3)
    assert difference.mean == pytest.approx(0.1)
    assert difference.half_width == pytest.approx(0.04969, abs=1e-5)
    assert difference.excludes_zero
    apart = [mean_interval(list(values.values())) for values in (variant, baseline)]
    assert apart[0].low < apart[1].high, "their own intervals overlap"


def test_only_common_seeds_are_compared():
    assert paired_difference({0: 1.0, 1: 2.0, 5: 9.0}, {0: 0.0, 1: 1.0}).runs == 2
    with pytest.raises(ValueError, match="at least 2 seeds"):
        paired_difference({0: 1.0}, {0: 1.0, 1: 2.0})


def test_zero_at_the_edge_is_not_excluded():
    assert not Interval(0.1, 0.1, 3).excludes_zero
    assert Interval(-0.2, 0.1, 3).excludes_zero


# variants and budgets


@pytest.mark.parametrize("name", ["seed", "steps", "tokens_per_batch"])
def test_a_variant_must_not_set_the_budget(name):
    with pytest.raises(ValueError, match=f"must not set {name}"):
        Variant("more", {name: 5})


def test_what_cannot_be_honoured_is_refused():
    with pytest.raises(ValueError, match="budget must be"):
        Variant("x", {}, budget="seconds")
    with pytest.raises(ValueError, match="pair_task must be one of"):
        LabRecipe(pair_task="nsp")
    with pytest.raises(ValueError, match="positions must be one of"):
        LabRecipe(positions="rotary")
    with pytest.raises(ValueError, match="text_share"):
        LabRecipe(text_share=0.0)
    with pytest.raises(ValueError, match="masking"):
        LabRecipe(masking="salient")


def test_variants_of_the_lab_differ_from_the_baseline_in_one_setting():
    base = vars(BASELINE.recipe(LabRecipe(), 3))
    known = VARIANTS
    assert len({variant.name for variant in known}) == len(known)
    for variant in known[1:]:
        changed = vars(variant.recipe(LabRecipe(), 3))
        differing = {key for key in base if base[key] != changed[key]}
        if variant.budget == "operations":
            differing.discard("steps")
        if changed["masking"] == "uniform":  # the rate exists only with it
            differing.discard("uniform_rate")
        assert len(differing) == 1, variant.name


def test_equal_work_buys_a_shallow_model_more_steps():
    base = LabRecipe()
    one = Variant("1", {"num_hidden_layers": 1}, "operations").recipe(base, 0)
    three = Variant("3", {"num_hidden_layers": 3}, "operations").recipe(base, 0)
    assert Variant("e", {"num_hidden_layers": 3}).recipe(base, 0).steps == base.steps
    assert 1.8 * base.steps < one.steps < 2 * base.steps
    assert base.steps * 2 / 3 < three.steps < 0.7 * base.steps


@pytest.mark.parametrize("layers", [1, 3])
def test_operations_are_those_that_torch_counts(layers):
    recipe = LabRecipe(num_hidden_layers=layers, hidden_size=32, positions="none")
    model = lab_model(recipe, vocab_size=90)
    B, T = 4, 24
    ids = torch.randint(5, 90, (B, T))
    labels = ids.masked_fill(torch.arange(T) % 4 > 0, -100)
    counter = FlopCounterMode(display=False)
    with counter:
        out = model.bert(ids, output_attentions=True)  # plain products, all counted
        model.cls.predictions(out.last_hidden_state[labels != -100]).sum().backward()
    counted = counter.get_total_flops() / (B * T)
    estimated = training_operations(recipe, 90, length=T, masked_share=0.25)
    assert counted == pytest.approx(estimated, rel=0.02)


# switches


def test_the_defaults_are_chapter_12s_data_and_model():
    recipe = LabRecipe(**TINY)
    plain = WorldRecipe(**TINY)
    ours, theirs = LabData(world(), recipe), WorldData(world(), plain)
    batches = zip(ours.batches(recipe), theirs.batches(plain), strict=False)
    for mine, other in itertools.islice(batches, 12):
        assert mine.keys() == other.keys()
        assert all(torch.equal(mine[key], other[key]) for key in mine)
    config, expected = recipe.config(50), plain.config(50)
    assert config == expected


def test_the_small_world_has_a_third_of_the_facts():
    facts = small_world(0).facts
    assert len(facts) == 70
    assert {"capital", "language", "sound", "symbol", "tool"} <= {
        fact.relation for fact in facts
    }
    assert any(fact.subject == "France" for fact in facts)
    assert set(facts) < set(all_facts())


def test_sinusoids_follow_the_formula():
    table = sine_positions(7, 6)
    for p in range(7):
        for i in range(3):
            angle = p / 10_000 ** (2 * i / 6)
            assert table[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[p, 2 * i + 1].item() == pytest.approx(
                math.cos(angle), abs=1e-6
            )
    wide = sine_positions(40, 64)
    assert wide[0].tolist() == [0.0, 1.0] * 32
    products = wide @ wide.T
    for step in (1, 5, 17):  # the product of two rows depends on their distance only
        along = products.diagonal(step)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    with pytest.raises(ValueError, match="even"):
        sine_positions(4, 5)


def test_position_kinds_share_all_other_weights_and_their_size():
    kinds = {}
    for kind in ("learned", "sinusoidal", "none"):
        model = lab_model(LabRecipe(positions=kind), 60)
        kinds[kind] = dict(model.named_parameters())
    name = "bert.embeddings.position_embeddings.weight"
    learned = kinds["learned"]
    for kind in ("sinusoidal", "none"):
        for key, value in kinds[kind].items():
            assert key == name or torch.equal(value, learned[key]), key
        assert not kinds[kind][name].requires_grad
    assert kinds["none"][name].abs().max() == 0
    size = kinds["sinusoidal"][name].square().mean().sqrt().item()
    assert size == pytest.approx(LabRecipe().position_initializer_range)


@pytest.mark.parametrize("kind", ["sinusoidal", "none"])
def test_fixed_positions_stay_as_they_are_in_training(data, kind):
    recipe = LabRecipe(**TINY, positions=kind)
    model = lab_model(recipe, len(data.tokenizer))
    table = model.bert.embeddings.position_embeddings.weight
    words = model.bert.embeddings.word_embeddings.weight
    before, words_before = table.clone(), words.detach().clone()
    config = TrainingConfig(steps=3, learning_rate=0.01, weight_decay=0.1)
    train(model, data.batches(recipe), config, device=torch.device("cpu"))
    assert torch.equal(table, before)
    assert not torch.equal(words, words_before)


@torch.no_grad()
def test_without_positions_the_order_of_words_does_not_matter():
    ids = torch.randint(5, 60, (2, 9))
    order = torch.randperm(9)
    for kind, same in (("none", True), ("learned", False), ("sinusoidal", False)):
        model = lab_model(LabRecipe(positions=kind), 60).eval()
        straight = model.bert(ids).last_hidden_state[:, order]
        mixed = model.bert(ids[:, order]).last_hidden_state
        assert torch.allclose(straight, mixed, atol=1e-5) is same, kind


def test_order_pairs_are_balanced_and_say_what_was_done():
    documents = [[[10 * d + s] * 3 for s in range(2 + d % 4)] for d in range(2_000)]
    pairs = order_pairs(documents, rng=random.Random(5))
    assert len(pairs) == len(documents)
    swapped = sum(pair.is_random for pair in pairs)
    assert abs(swapped - 1_000) < 5 * math.sqrt(500), "a fair coin, 5 deviations"
    for document, pair in zip(documents, pairs, strict=True):
        first, second = pair.tokens_a, pair.tokens_b
        if pair.is_random:
            first, second = second, first
        assert first and second
        assert first + second == [piece for s in document for piece in s]


def test_a_single_sentence_has_no_order():
    assert order_pairs([[[1, 2, 3]]], rng=random.Random(0)) == []


def test_the_order_task_has_its_own_pairs_and_the_same_sentences(data):
    recipe = LabRecipe(**TINY, pair_task="order")
    ordered = LabData(world(), recipe)
    assert ordered.sentences == data.sentences
    assert ordered.next_pairs == data.next_pairs, "the common measure"
    assert ordered.validation_pairs != data.validation_pairs
    words = {(tuple(sorted([*p.tokens_a, *p.tokens_b]))) for p in ordered.pairs}
    assert len(words) > 50
    limit = recipe.max_length - 3
    assert all(len(p.tokens_a) + len(p.tokens_b) <= limit for p in ordered.pairs)


def test_without_a_pair_task_the_same_batches_come_and_no_pair_is_scored(data):
    # the texts were made for another variant, as `ablate` shares them
    recipe = LabRecipe(**TINY, pair_task="none")
    pairs = zip(data.batches(recipe), data.batches(LabRecipe(**TINY)), strict=False)
    scored = 0
    for quiet, loud in itertools.islice(pairs, 20):
        assert torch.equal(quiet["input_ids"], loud["input_ids"])
        assert (quiet["next_sentence_label"] == -100).all()
        scored += int((loud["next_sentence_label"] != -100).sum())
    assert scored > 0
    model = lab_model(recipe, len(data.tokenizer))
    batch = next(data.batches(recipe))
    pretraining_loss(model, batch).loss.backward()
    assert model.cls.seq_relationship.weight.grad is None


def test_a_share_of_the_text_keeps_vocabulary_and_questions(data):
    recipe = LabRecipe(**TINY, text_share=0.25)
    less = LabData(world(), recipe)
    assert len(less.sentences) == 150
    assert less.sentences == data.sentences[:150]
    assert 0.15 < len(less.pairs) / len(data.pairs) < 0.35
    assert less.tokenizer.vocab == data.tokenizer.vocab
    assert less.validation_pairs == data.validation_pairs
    assert less.world.probes() == data.world.probes()


# measures


class Planted(torch.nn.Module):
    """A model whose [CLS] vector is chosen, and whose head names each word it reads."""

    def __init__(self, vectors, V):
        super().__init__()
        self.vectors, self.V = vectors, V
        self.bert = self
        self.cls = self
        self.last_hidden_state = None

    def forward(self, ids, mask, segments):
        hidden = torch.nn.functional.one_hot(ids, self.V).float()
        hidden[:, 0, :4] = self.vectors[: len(ids)]
        self.last_hidden_state = hidden
        return self

    def predictions(self, hidden):
        return hidden


def test_the_probe_finds_what_is_there_and_nothing_else(data):
    labels = torch.tensor([float(p.is_random) for p in data.next_pairs])
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(len(labels), 4, generator=generator)
    told = noise.clone()
    told[:, 2] += 8 * labels
    V = len(data.tokenizer)
    assert linear_probe(Planted(told, V), data) > 0.9
    assert linear_probe(Planted(noise, V), data) < 0.8


def test_own_words_are_counted_at_unhidden_words_only(data):
    copier = Planted(torch.zeros(200, 4), len(data.tokenizer))
    assert own_word_share(copier, data) == 1.0
    ids, _, mask = stack_pairs(data.next_pairs[:20], data.tokenizer)
    assert ids.shape == mask.shape and int(mask.sum(1).max()) == ids.shape[1]
    fresh = lab_model(LabRecipe(**TINY), len(data.tokenizer)).eval()
    assert own_word_share(fresh, data) < 0.9


def test_the_common_loss_is_the_same_at_each_call_and_starts_near_ln_v(data):
    model = lab_model(LabRecipe(initializer_range=0.02), len(data.tokenizer)).eval()
    first = same_masks_loss(model, data)
    assert first == same_masks_loss(model, data)
    assert first == pytest.approx(math.log(len(data.tokenizer)), abs=0.3)


# the runner


def test_a_run_is_recorded_whole_and_comes_out_the_same_again(data):
    base = LabRecipe(**TINY)
    variant = Variant("one head", {"num_attention_heads": 1})
    first = ablation.run_variant(variant, 0, base, data)
    second = ablation.run_variant(variant, 0, base, data)
    assert first["change"] == {"num_attention_heads": 1} and first["steps"] == 2
    assert first["tokens"] > 0 and first["operations"] > 0
    assert 0 < first["masked_share"] < 0.4
    for run in (first, second):
        run.pop("cpu_seconds")
    assert first == second
    json.dumps(first)
    silent = ablation.run_variant(Variant("n", {"pair_task": "none"}), 0, base, data)
    assert silent["pair_accuracy"] is None


def fake_run(variant, seed, base, data=None):
    fake_run.calls.append((variant.name, seed))
    return {
        "variant": variant.name,
        "change": dict(variant.change),
        "budget": variant.budget,
        "seed": seed,
        "recall": 0.1 * seed,
    }


@pytest.fixture
def faked(monkeypatch):
    fake_run.calls = []
    monkeypatch.setattr(ablation, "run_variant", fake_run)
    monkeypatch.setattr(ablation, "LabData", lambda world, recipe: None)
    return fake_run.calls


def test_what_the_file_has_is_not_run_again(faked, tmp_path):
    file = tmp_path / "lab.json"
    few, more = [BASELINE], [BASELINE, Variant("deep", {"num_hidden_layers": 3})]
    ablation.ablate(few, [0, 1], file=file)
    seen = []
    runs = ablation.ablate(more, [0, 1, 2], file=file, on_run=seen.append)
    assert faked == [
        *[("baseline", 0), ("baseline", 1)],
        *[("deep", 0), ("deep", 1), ("baseline", 2), ("deep", 2)],
    ]
    assert len(seen) == 4 and len(runs) == 6
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["runs"] == runs
    assert "seed" not in written["base"] and written["base"]["steps"] == 900


def test_a_file_of_another_baseline_or_variant_is_refused(faked, tmp_path):
    file = tmp_path / "lab.json"
    ablation.ablate([Variant("deep", {"num_hidden_layers": 3})], [0], file=file)
    with pytest.raises(ValueError, match="another baseline"):
        ablation.ablate([BASELINE], [0], LabRecipe(steps=7), file=file)
    with pytest.raises(ValueError, match="deep is"):
        ablation.ablate([Variant("deep", {"num_hidden_layers": 4})], [1], file=file)
    with pytest.raises(ValueError, match="different names"):
        ablation.ablate([BASELINE, BASELINE], [0])


def test_compare_pairs_by_seed():
    runs = [
        {"variant": name, "seed": seed, "recall": value}
        for name, values in {"baseline": (0.2, 0.6), "new": (0.3, 0.7)}.items()
        for seed, value in enumerate(values)
    ]
    (new,) = compare(runs, ["new"])
    assert new.values.mean == pytest.approx(0.5)
    assert new.difference.mean == pytest.approx(0.1)
    assert new.difference.half_width == pytest.approx(0, abs=1e-9)


def test_a_row_that_cannot_be_told_from_the_line_is_black():
    values = {"better": [0.1, 0.11, 0.12], "unclear": [0.2, -0.1, 0.0]}
    ax = interval_rows(values, line=0.0)
    colors = {line.get_color() for line in ax.lines if len(line.get_xdata()) == 2}
    assert COLORS["black"] in colors and COLORS["blue"] in colors
    assert [t.get_text() for t in ax.get_yticklabels()] == list(values)


# the committed runs


@pytest.fixture(scope="module")
def runs():
    return json.loads(RESULTS.read_text(encoding="utf-8"))["runs"]


def test_every_variant_has_three_seeds_and_its_declared_change(runs):
    counts = Counter((run["variant"], run["seed"]) for run in runs)
    assert set(counts.values()) == {1}
    assert {run["variant"] for run in runs} == {v.name for v in VARIANTS}
    for variant in VARIANTS:
        mine = [run for run in runs if run["variant"] == variant.name]
        assert {run["seed"] for run in mine} >= {0, 1, 2}, variant.name
        for run in mine:
            assert run["change"] == json.loads(json.dumps(dict(variant.change)))
            assert run["steps"] == variant.recipe(LabRecipe(), 0).steps


def test_the_runs_are_those_of_todays_baseline():
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    used = document["base"] | {"split": tuple(document["base"]["split"])}
    assert LabRecipe(**used) == LabRecipe()  # what is not named had its default then


def test_budgets_are_equal(runs):
    tokens = by_seed(runs, "baseline", "tokens")
    work = by_seed(runs, "baseline", "operations")
    other_texts = ("sentence order", "a quarter of the text", "1/16 of the text")
    for run in runs:
        share = run["tokens"] / tokens[run["seed"]]
        if run["budget"] == "operations":
            assert 0.98 < run["operations"] / work[run["seed"]] < 1.02, run["variant"]
        elif run["variant"] in other_texts:
            assert 0.95 < share < 1.05, run["variant"]
        else:
            assert share == 1, run["variant"]


def clear(runs, name, key="recall"):
    (one,) = compare(runs, [name], key)
    return one.difference if one.difference.excludes_zero else None


def test_what_the_page_says_of_masks(runs):
    for name in ("hide 5 %", "all words, 15 %"):
        assert clear(runs, name).high < -0.6
    for run in runs:
        if run["variant"] == "all words, 15 %":
            assert run["recall"] < run["majority"]
    assert clear(runs, "all words, 15 %", "same_masks_loss").high < 0
    best = max(
        VARIANTS[:4], key=lambda v: mean(by_seed(runs, v.name, "recall").values())
    )
    assert best.name == "baseline"


def test_what_the_page_says_of_positions_layers_and_text(runs):
    assert clear(runs, "no positions").low > 0
    assert clear(runs, "sentence order", "pair_probe").high < 0
    for name in ("1 head", "8 heads", "1 layer", "3 layers", "3 layers, equal work"):
        assert clear(runs, name) is None
    for name in ("a quarter of the text", "1/16 of the text", "sentence order"):
        assert clear(runs, name) is None


def test_what_the_page_says_of_80_10_10(runs):
    assert clear(runs, "80/20/0").high < -0.3
    assert clear(runs, "80/0/20") is None
    for name in ("100/0/0", "80/20/0"):
        assert clear(runs, name, "own_word").high < -0.3
    assert clear(runs, "80/0/20", "own_word").low > 0.2
    assert clear(runs, "100/0/0") is None, "lower on each seed, and not told apart"
    values, base = (by_seed(runs, n, "recall") for n in ("100/0/0", "baseline"))
    assert all(values[seed] < base[seed] for seed in (0, 1, 2))


def test_what_the_page_says_of_pairs(runs):
    assert clear(runs, "no pair task") is None
    assert clear(runs, "no pair task", "pair_probe").high < 0
    for run in runs:
        assert (run["pair_accuracy"] is None) is (run["variant"] == "no pair task")
