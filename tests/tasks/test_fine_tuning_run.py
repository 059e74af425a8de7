"""The long form of fine-tuning: equal to `fit`, resumable, honest about its choice."""

import dataclasses

import pytest
import torch
import transformers
from conftest import tiny_config

from bert_tutorial.model.task_heads import (
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fine_tuning import (
    FineTuningConfig,
    example_loss,
    fine_tune,
)
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.sentiment.classify import (
    classify,
    count_cut,
    encode_texts,
    text_windows,
)
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.loop import Trainer

CPU = torch.device("cpu")


def examples(number=40):
    draw = torch.Generator().manual_seed(1)
    return [
        Example(
            [2, *torch.randint(5, 99, (3 + i % 4,), generator=draw).tolist(), 3],
            [0] * (5 + i % 4),
            {"labels": i % 3},
        )
        for i in range(number)
    ]


def model(seed=0, **changes):
    torch.manual_seed(seed)
    return BertForSequenceClassification(tiny_config(num_labels=3, **changes))


def recipe(**changes):
    values = {"steps": 30, "batch_size": 8, "learning_rate": 3e-3} | changes
    return FineTuningConfig(**values)


def weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_without_dev_data_it_does_what_fit_does():
    # float64: Adam blows rounding up where a gradient is nearly 0 (key biases)
    short, long = model().double(), model().double()
    losses = fit(short, examples(), steps=30, batch_size=8, learning_rate=3e-3, seed=4)
    done = fine_tune(long, examples(), recipe(seed=4), device=CPU)
    assert [r["loss"] for r in done.records] == pytest.approx(losses, abs=1e-5)
    assert torch.allclose(weights(short), weights(long), rtol=0, atol=1e-9)
    assert done.best is None and not long.training


def scores_of(values):
    given = iter(values)
    return lambda _: {"accuracy": next(given)}


def test_the_first_best_state_is_kept_and_patience_ends_the_run():
    snapshots = []

    def evaluate(network):
        snapshots.append(weights(network).clone())
        return {"accuracy": (0.5, 0.8, 0.8, 0.7, 0.9)[len(snapshots) - 1]}

    network = model()
    plan = recipe(evaluate_every=5, patience=2)
    done = fine_tune(network, examples(), plan, evaluate=evaluate, device=CPU)
    assert [one["step"] for one in done.evaluations] == [5, 10, 15, 20]
    assert done.best == {"step": 10, "accuracy": 0.8}
    assert done.last == {"step": 20, "accuracy": 0.7}
    assert torch.equal(weights(network), snapshots[1])


class StopError(Exception):
    """A crash."""


@pytest.mark.parametrize("crash", [7, 13, 22])
def test_a_resumed_run_is_bit_equal(tmp_path, crash):
    plan = recipe(evaluate_every=6)

    def run(folder, values, resume=False, stop=None):
        network = model(hidden_dropout_prob=0.2)
        count = iter(range(1, 99))

        def evaluate(_):
            if next(count) * 6 >= (stop or 99):
                raise StopError
            return {"accuracy": next(values)}

        keeper = StateKeeper(folder, {"run": {}}, 5, resume)
        done = fine_tune(
            network,
            examples(),
            plan,
            evaluate=evaluate,
            device=CPU,
            log_file=folder / "log.jsonl",
            keeper=keeper,
        )
        return weights(network), done

    values = [0.4, 0.7, 0.5, 0.6, 0.1]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, first = run(tmp_path / "a", iter(values))
    with pytest.raises(StopError):
        run(tmp_path / "b", iter(values), stop=crash)
    done_before = (len(list((tmp_path / "b" / "states").glob("step*"))) > 0) and max(
        int(p.stem[5:]) for p in (tmp_path / "b" / "states").glob("step*")
    )
    torch.manual_seed(999)
    rest = iter(values[done_before // 6 :])
    again, second = run(tmp_path / "b", rest, resume=True)
    assert torch.equal(whole, again)
    assert first.evaluations == second.evaluations

    def strip(records):
        return [{k: v for k, v in r.items() if k != "seconds"} for r in records]

    assert strip(first.records) == strip(second.records)


def test_a_loss_that_is_no_number_stops_the_run_before_it_is_judged():
    network = model()
    bad = examples()
    with torch.no_grad():
        network.classifier.bias[0] = float("nan")
    judged = []
    with pytest.raises(FloatingPointError, match="step 1"):
        fine_tune(
            network,
            bad,
            recipe(evaluate_every=1),
            evaluate=lambda n: judged.append(n) or {"accuracy": 1.0},
            device=CPU,
        )
    assert not judged


def test_a_batch_without_labels_changes_nothing():
    torch.manual_seed(0)
    network = BertForTokenClassification(tiny_config(num_labels=3))
    tuner = Trainer(network, recipe().training(8), CPU, loss=example_loss())
    batch = {
        "input_ids": torch.tensor([[2, 5, 3]]),
        "labels": torch.full((1, 3), -100),
    }
    losses = tuner.backward([batch])
    assert losses.tolist() == [0.0]
    assert all(
        p.grad is None or not p.grad.any() for p in network.parameters()
    ) and torch.isfinite(tuner.update(1))


def test_class_weights_enter_the_loss():
    network = model()
    weights_ = torch.tensor([1.0, 2.0, 5.0])
    batch = {
        "input_ids": torch.tensor([[2, 5, 3], [2, 6, 3]]),
        "labels": torch.tensor([0, 2]),
    }
    logits = network(batch["input_ids"]).logits
    each = -logits.log_softmax(-1)[[0, 1], [0, 2]]
    by_hand = (each[0] * 1 + each[1] * 5) / 6
    found = example_loss(weights_).means(network, batch)
    assert found["loss"].item() == pytest.approx(by_hand.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("steps", 0),
        ("batch_size", 1.5),
        ("learning_rate", float("nan")),
        ("evaluate_every", -1),
        ("patience", 0),
        ("warmup_fraction", 1.0),
        ("seed", -1),
    ],
)
def test_a_bad_choice_is_refused_with_its_key(key, value):
    with pytest.raises(ValueError, match=key):
        FineTuningConfig(**{key: value})
    assert dataclasses.is_dataclass(FineTuningConfig)


PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij"]


@pytest.mark.parametrize("length", [1, 5, 6, 7, 11, 40])
@pytest.mark.parametrize("stride", [None, 1, 3, 5])
def test_windows_lose_no_piece_and_have_no_gap(length, stride):
    tokenizer = BertTokenizer(PIECES)
    text = " ".join(PIECES[5 + i % 10] for i in range(length))
    whole = tokenizer.encode(text, add_special_tokens=False).ids
    step = stride or 2
    windows = text_windows(tokenizer, text, max_length=7, stride=stride)
    for number, (ids, types) in enumerate(windows):
        assert ids[0] == 2 and ids[-1] == 3 and len(ids) <= 7
        assert types == [0] * len(ids)
        assert ids[1:-1] == whole[number * step : number * step + 5]
    assert (len(windows) - 1) * step + 5 >= length


def test_the_first_text_of_a_pair_stands_whole_in_every_window():
    tokenizer = BertTokenizer(PIECES)
    windows = text_windows(tokenizer, "a b", "c d e f g h", max_length=7, stride=2)
    assert [ids[:4] for ids, _ in windows] == [[2, 5, 6, 3]] * 3
    assert [ids[4:-1] for ids, _ in windows] == [[7, 8], [9, 10], [11, 12]]
    assert windows[0][1] == [0, 0, 0, 0, 1, 1, 1]
    rows = [LabelledText("a b c d e", "f", "1", 9)]
    with pytest.raises(ValueError, match=r"x: line 9: max_length must be at least"):
        encode_texts(tokenizer, rows, max_length=4, source="x")


@pytest.mark.parametrize(("first", "second"), [(6, 1), (9, 9), (30, 2), (4, 30)])
def test_a_pair_with_a_long_first_text_is_cut_as_transformers_cuts_it(first, second):
    theirs = transformers.BertTokenizer(vocab={p: i for i, p in enumerate(PIECES)})
    texts = [" ".join(PIECES[5 + i % 10] for i in range(n)) for n in (first, second)]
    (window,) = text_windows(BertTokenizer(PIECES), *texts, max_length=9)
    expected = theirs(*texts, truncation="longest_first", max_length=9)
    assert list(window) == [expected["input_ids"], expected["token_type_ids"]]
    row = LabelledText(*texts, "1", 1)
    assert count_cut(BertTokenizer(PIECES), [row], 9) == 1
    assert count_cut(BertTokenizer(PIECES), [row], 64) == 0


def test_a_text_is_judged_by_the_mean_of_its_windows_in_any_order():
    tokenizer = BertTokenizer(PIECES)
    rows = [
        LabelledText("a b c d e f g h", None, "0", 1),
        LabelledText("j", None, "0", 2),
    ]
    network = model().eval()
    encoded = encode_texts(tokenizer, rows, max_length=7, stride=3)
    logits = classify(network, encoded, batch_size=2)
    with torch.no_grad():
        by_hand = [
            torch.stack([network(torch.tensor([e.input_ids])).logits[0] for e in row])
            for row in encoded
        ]
    assert [len(row) for row in by_hand] == [2, 1]
    expected = torch.stack([row.mean(dim=0) for row in by_hand])
    assert torch.allclose(logits, expected, atol=1e-5)
