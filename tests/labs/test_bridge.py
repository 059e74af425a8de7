"""The bridge to transformers: there and back, refusals, and life without it."""

import json
import os
import subprocess
import sys
from importlib import resources

import nbformat
import pytest
import torch
import transformers
from conftest import tiny_config
from transformers import BertModel as TheirModel

from bert_tutorial.course.notebook import has_package
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs import bridge
from bert_tutorial.labs.bridge import (
    MODELS,
    from_transformers,
    to_transformers,
    tokenizer_to_transformers,
    train_with_trainer,
)
from bert_tutorial.labs.low_rank import LowRankLinear, add_low_rank, merge_low_rank
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from book_files import ROOT, notebooks

IDS = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
MASK = (IDS != 0).long()
each_model = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)


def noisy(kind, **changes):
    """Make a model of ours with weights that are all different."""
    labels = 2 if kind.__name__.endswith("Answering") else 5
    model = kind(tiny_config(num_labels=labels, **changes))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def tensors(output):
    values = output if isinstance(output, dict) else vars(output)
    return {k: v for k, v in values.items() if isinstance(v, torch.Tensor)}


@each_model
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_there_and_back(kind, attention):
    model = noisy(kind).eval()
    twin = to_transformers(model, attention)
    assert type(twin).__name__ == kind.__name__ and not twin.training
    assert twin.config._attn_implementation == attention
    mine, theirs = (tensors(one(IDS, MASK)) for one in (model, twin))
    assert mine.keys() == theirs.keys() and mine
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], atol=1e-5, rtol=1e-5)
    back = from_transformers(twin)
    assert type(back) is kind and back.config == model.config
    assert all(map(torch.equal, back.parameters(), model.parameters()))


@each_model
def test_twins_share_no_memory_and_keep_mode_and_precision(kind):
    model = noisy(kind).double().train()
    twin = to_transformers(model)
    assert twin.training and {p.dtype for p in twin.parameters()} == {torch.float64}
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert all(parameter.any() for parameter in model.parameters())


def test_the_output_matrix_of_the_twin_is_still_tied():
    kind = next(one for one in MODELS if one.__name__ == "BertForMaskedLM")
    twin = to_transformers(noisy(kind))
    table = twin.bert.embeddings.word_embeddings.weight
    assert twin.cls.predictions.decoder.weight is table
    assert twin.cls.predictions.decoder.bias is twin.cls.predictions.bias


def test_a_model_without_a_twin_is_refused():
    config = transformers.BertConfig(
        vocab_size=9, hidden_size=6, num_attention_heads=2, num_hidden_layers=1
    )
    with pytest.raises(ValueError, match="BertForMultipleChoice"):
        from_transformers(transformers.BertForMultipleChoice(config))
    with pytest.raises(ValueError, match="got Linear"):
        to_transformers(torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"no partner: pooler"):
        from_transformers(TheirModel(config, add_pooling_layer=False))
    config.is_decoder = True
    with pytest.raises(ValueError, match="is_decoder"):
        from_transformers(TheirModel(config))


def test_the_tokenizer_gives_the_same_pairs():
    ours = BertTokenizer.from_pretrained(shipped_weights())
    theirs = tokenizer_to_transformers(ours, max_length=7)
    mine, other = ours.encode("Rome is old.", "It is large."), None
    other = theirs("Rome is old.", "It is large.", return_offsets_mapping=True)
    assert other["input_ids"] == mine.ids
    assert other["token_type_ids"] == mine.type_ids
    assert other["offset_mapping"] == mine.offsets
    assert theirs.model_max_length == 7
    assert len(theirs("Rome is old. " * 5, truncation=True)["input_ids"]) == 7


def test_a_missing_package_is_said_in_one_line(capsys):
    assert has_package("json") and capsys.readouterr().out == ""
    assert not has_package("no_such_package_anywhere")
    line = "no_such_package_anywhere is not installed here: this cell was left out.\n"
    assert capsys.readouterr().out == line


def test_without_transformers_the_functions_say_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert not has_package()
    with pytest.raises(ModuleNotFoundError, match="pip install transformers"):
        to_transformers(noisy(MODELS[0]))


def test_importing_the_bridge_does_not_load_transformers():
    code = "import sys, bert_tutorial.labs.bridge; print('transformers' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr


def test_the_stored_run_of_the_trainer():
    file = resources.files("bert_tutorial") / "runs" / "trainer_twin.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    assert len(record["losses"]) == record["settings"]["max_steps"] == 20
    assert 0 <= record["largest_gap"] < 1e-4
    assert set(record["versions"]) == {"torch", "transformers", "accelerate"}
    assert all(0.2 < loss < 2 for loss in record["losses"])


def test_the_trainer_trains_as_a_plain_loop():
    pytest.importorskip("accelerate", reason="the Trainer needs accelerate")
    model = noisy(BertForSequenceClassification).train()
    twin = to_transformers(model)
    rows = [torch.randint(1, 99, (6,)) for _ in range(8)]

    def collate(part):
        return {"input_ids": torch.stack(part), "labels": torch.tensor([1] * len(part))}

    found = train_with_trainer(
        twin, rows, collate, max_steps=2, per_device_train_batch_size=4
    )
    assert found[0] == pytest.approx(model(**collate(rows[:4])).loss.item(), abs=1e-5)
    assert len(found) == 2 and bridge.from_transformers(twin).training


def test_low_rank_starts_at_the_model_and_merges_into_it():
    model = noisy(BertForSequenceClassification).eval()
    before = model(IDS, MASK).logits
    count = sum(p.numel() for p in model.parameters())
    trained = add_low_rank(model, rank=2, alpha=4.0)
    H, L = model.config.hidden_size, model.config.num_hidden_layers
    head = model.classifier.weight.numel() + model.classifier.bias.numel()
    assert sum(p.numel() for p in trained) == 2 * L * 2 * 2 * H + head
    torch.testing.assert_close(model(IDS, MASK).logits, before)
    model(IDS, MASK, labels=torch.tensor([0, 1])).loss.backward()
    assert all(p.grad is not None for p in trained)
    assert all(p.grad is None for p in model.parameters() if not p.requires_grad)
    with torch.no_grad():
        for parameter in trained:
            parameter.normal_(std=0.2)
    changed = model(IDS, MASK).logits
    assert not torch.allclose(changed, before, atol=1e-3)
    merge_low_rank(model)
    torch.testing.assert_close(model(IDS, MASK).logits, changed)
    assert not any(isinstance(part, LowRankLinear) for part in model.modules())
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == count


def test_a_rank_that_is_no_rank_is_refused():
    with pytest.raises(ValueError, match="rank must be from 1 to 3, got 4"):
        LowRankLinear(torch.nn.Linear(3, 5), 4, 1.0)


def chapter():
    """Give the code cells of the chapter by their names."""
    (path,) = (one for one in notebooks() if one.name.startswith("18_"))
    cells = nbformat.read(path, as_version=4).cells
    return {cell.id: cell for cell in cells if cell.cell_type == "code"}


def test_the_chapter_runs_without_transformers(tmp_path):
    cells = chapter()
    longest = cells.pop("three").source  # a minute of training, the same either way
    assert "transformers" not in longest and "has_package" not in longest
    del cells["three-checks"]  # of that training
    sources = [cell.source for cell in cells.values()]
    block = "import sys\nsys.modules['transformers'] = None\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", block + "\n\n".join(sources)],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    line = "transformers is not installed here: this cell was left out."
    asked = sum(source.count("has_package()") for source in sources)
    guarded = asked - sum(source.count("NAME and has_package()") for source in sources)
    assert guarded >= 10
    assert done.stdout.splitlines().count(line) == guarded


def test_the_stored_outputs_of_the_chapter_are_of_a_run_with_transformers():
    text = str([cell.outputs for cell in chapter().values()])
    assert "transformers is not installed" not in text
    assert "6 models, 18 outputs: all below 1e-04" in text
    assert "logits with equal updates within 1e-4: True" in text  # of peft
