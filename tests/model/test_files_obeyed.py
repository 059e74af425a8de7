"""What config.json and the weights say is obeyed, as in transformers, or refused."""

import copy
import json

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers.activations import ACT2FN

import bert_tutorial
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.fill import fill_masks
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.use import evaluate_model, predict_rows
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

PIECES = [*SPECIAL_TOKENS, *"abcdefghij", "the", "cat", "sat", "."]
IDS = torch.tensor([[2, 7, 9, 4, 16, 3], [2, 8, 3, 0, 0, 0]])
MASK = (IDS != 0).long()


def published(kind, **more):
    sizes = {
        "vocab_size": len(PIECES),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 32,
    }
    torch.manual_seed(0)
    config = transformers.BertConfig(**{**sizes, **more})
    return getattr(transformers, kind)(config).eval()


def saved(model, folder):
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    return folder


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def rename(folder, how):
    path = folder / "model.safetensors"
    save_file({how(name): value for name, value in load_file(path).items()}, path)


def assert_same(folder, kind, model):
    ours = getattr(bert_tutorial, kind).from_pretrained(folder)
    with torch.no_grad():
        right = model(IDS, attention_mask=MASK)
        found = ours(IDS, attention_mask=MASK)
    assert list(found) == list(right)
    for name in right:
        torch.testing.assert_close(found[name], right[name], atol=1e-5, rtol=1e-4)
    return ours


KINDS = [
    "BertModel",
    "BertForPreTraining",
    "BertForMaskedLM",
    "BertForSequenceClassification",
    "BertForTokenClassification",
    "BertForQuestionAnswering",
]
PREFIXES = [
    "module.",
    "_orig_mod.",
    "module._orig_mod.",
    "_orig_mod.module.",
    "_fsdp_wrapped_module.",
    "model.",
    "model.module.",
    "student.",
    "base_model.model.",
    "0.auto_model.",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("kind", ["BertModel", "BertForMaskedLM"])
def test_what_wrappers_put_before_names_is_taken_off(kind, prefix, tmp_path):
    model = published(kind)
    folder = saved(model, tmp_path)
    rename(folder, lambda name: prefix + name)
    assert_same(folder, kind, model)


@pytest.mark.parametrize(
    ("inside", "instead"),
    [("layer.", "layer._checkpoint_wrapped_module."), ("bert.", "bert._orig_mod.")],
)
def test_wrappers_inside_of_names_too(inside, instead, tmp_path):
    model = published("BertForSequenceClassification")
    folder = saved(model, tmp_path)
    rename(folder, lambda name: name.replace(inside, instead))
    assert_same(folder, "BertForSequenceClassification", model)


def test_two_models_in_one_file_are_refused(tmp_path):
    folder = saved(published("BertModel"), tmp_path)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    both = {
        f"{who}.{name}": value + (who == "teacher")
        for who in ("student", "teacher")
        for name, value in tensors.items()
    }
    save_file(both, path)
    with pytest.raises(CheckpointError, match=r"several models.*student.*teacher"):
        bert_tutorial.BertModel.from_pretrained(folder)
    # the remedy: the tensors of one
    save_file({k: v for k, v in both.items() if k.startswith("student")}, path)
    bert_tutorial.BertModel.from_pretrained(folder)


def test_names_that_are_none_of_berts_are_said(tmp_path):
    folder = saved(published("BertModel"), tmp_path)
    rename(folder, lambda name: "x" + name.replace("embeddings", "tables"))
    with pytest.raises(CheckpointError, match=r"no tensor has a name of BERT's"):
        bert_tutorial.BertModel.from_pretrained(folder)


HEADS_ON_POOLER = [
    ("BertForSequenceClassification", "classifier"),
    ("BertForPreTraining", r"cls\.seq_relationship"),
]


@pytest.mark.parametrize(("kind", "head"), HEADS_ON_POOLER)
@pytest.mark.parametrize("lost", ["pooler", "pooler.dense.weight", "pooler.dense.bias"])
def test_a_head_without_the_pooler_it_was_trained_on_is_refused(
    kind, head, lost, tmp_path
):
    folder = saved(published(kind), tmp_path)
    path = folder / "model.safetensors"
    save_file({k: v for k, v in load_file(path).items() if lost not in k}, path)
    ours = getattr(bert_tutorial, kind)
    with pytest.raises(
        CheckpointError, match=r"pooler\.dense\.(weight|bias).*head was"
    ):
        ours.from_pretrained(folder)
    model = ours.from_pretrained(folder, new_heads=True)  # the remedy
    assert (
        [key for key in model.missing_keys if lost in key] == model.missing_keys != []
    )


def test_a_pooler_may_be_missing_where_the_head_is_new(tmp_path):
    folder = saved(published("BertForMaskedLM"), tmp_path / "words")
    model = bert_tutorial.BertForSequenceClassification.from_pretrained(folder)
    assert {"pooler.dense.weight", "classifier.weight"} <= {*model.missing_keys}
    folder = saved(published("BertForTokenClassification"), tmp_path / "tags")
    model = bert_tutorial.BertForSequenceClassification.from_pretrained(
        folder, id2label=("no", "yes")
    )
    assert "classifier.weight" in model.missing_keys  # it stood on tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "more",
    [
        {"pad_token_id": None},
        {"hidden_act": "gelu_python"},
        {"hidden_act": "gelu_fast"},
        {"layer_norm_eps": 0.1},
        {"type_vocab_size": 1},
        {"pruned_heads": {}},
    ],
    ids=str,
)
def test_settings_that_are_obeyed(kind, more, tmp_path):
    model = published(kind, **more)
    assert_same(saved(model, tmp_path), kind, model)


def test_every_activation_is_obeyed_or_refused_by_name(tmp_path):
    x = torch.linspace(-4, 4, 101)
    obeyed = set()
    for name in ACT2FN:
        try:
            form = BertConfig.from_dict({"hidden_act": name}).hidden_act
        except ValueError as error:
            assert "hidden_act" in str(error) and name in str(error)
            continue
        try:
            right = ACT2FN[name](x)
        except ImportError:
            continue
        obeyed.add(name)
        from bert_tutorial.model.encoder import gelu

        torch.testing.assert_close(gelu(x, form), right, atol=1e-6, rtol=1e-5)
    assert {"gelu", "gelu_new", "gelu_python", "gelu_fast"} <= obeyed


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"is_decoder": True}, "is_decoder"),
        ({"add_cross_attention": True}, "add_cross_attention"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings"),
        ({"model_type": "roberta"}, "model_type"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder"),
        ({"pruned_heads": {"0": [1]}}, "pruned_heads"),
        ({"quantization_config": {"bits": 8}}, "quantization_config"),
        ({"embedding_size": 8}, "embedding_size"),
        ({"hidden_act": "relu"}, "hidden_act"),
        ({"pad_token_id": -1}, "pad_token_id"),
        ({"problem_type": "ranking"}, "problem_type"),
        ({"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}}, "label2id"),
        ({"id2label": {"0": ["a"], "1": "b"}}, "id2label"),
    ],
    ids=str,
)
def test_what_cannot_be_obeyed_is_refused_by_its_name(values, named, tmp_path):
    folder = saved(published("BertModel"), tmp_path)
    change_config(folder, **values)
    with pytest.raises(CheckpointError, match=rf"config\.json: {named}"):
        bert_tutorial.BertModel.from_pretrained(folder)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"id2label": {"0": 0, "1": 1}}, ("0", "1")),
        ({"id2label": {"0": 1, "1": 5}}, ("1", "5")),
        ({"id2label": {"0": 0.5, "1": True}}, ("0.5", "True")),
        ({"label2id": {"bad": 0, "good": 1}}, ("bad", "good")),
        (
            {
                "id2label": {"0": "a", "1": "b"},
                "label2id": {"LABEL_0": 0, "LABEL_1": 1},
            },
            ("a", "b"),
        ),
        ({"num_labels": 3}, None),
    ],
    ids=str,
)
def test_names_of_labels_are_obeyed(values, names):
    assert BertConfig.from_dict(values).id2label == names


def test_a_table_padded_to_a_multiple_is_used_like_any_other(tmp_path):
    rows = 24
    model = published("BertForMaskedLM", vocab_size=rows)
    folder = saved(model, tmp_path)
    ours = assert_same(folder, "BertForMaskedLM", model)
    with torch.no_grad():  # the rows of the padding win
        ours.cls.predictions.bias[len(PIECES) :] = 50.0
    tokenizer = BertTokenizer.from_pretrained(folder)
    (guesses,) = fill_masks(ours, tokenizer, "the [MASK] sat", top=rows)
    assert {guess.token for guess in guesses} <= {*PIECES}
    assert sum(guess.probability for guess in guesses) == pytest.approx(1.0)
    classifier = published("BertForSequenceClassification", vocab_size=rows)
    rows_ = SENTIMENT.from_words(["the cat"], None)
    (said,) = predict_rows(SENTIMENT, saved(classifier, tmp_path / "c"), rows_)
    assert said["label"] in ("LABEL_0", "LABEL_1")


PROBLEMS = {
    "value": {"num_labels": 1},
    "values": {"num_labels": 3, "problem_type": "regression"},
    "labels": {"num_labels": 3, "problem_type": "multi_label_classification"},
    "one label": {"num_labels": 1, "problem_type": "multi_label_classification"},
    "classes": {"num_labels": 3, "problem_type": "single_label_classification"},
    "two classes": {},
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_prediction_is_what_the_head_was_made_for(name, tmp_path):
    model = published("BertForSequenceClassification", **PROBLEMS[name])
    with torch.no_grad():
        model.classifier.weight.mul_(40)
    folder = saved(model, tmp_path)
    task = SENTIMENT
    rows = task.from_words(["the cat sat .", "a"], None)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for row, said in zip(rows, predict_rows(task, folder, rows), strict=True):
        with torch.no_grad():
            logits = model(**tokenizer(row.text, return_tensors="pt")).logits[0]
        labels = [model.config.id2label[i] for i in range(len(logits))]
        assert said.pop("text") == row.text
        if name == "value":
            assert said == {"value": pytest.approx(float(logits), abs=2e-4)}
        elif name == "values":
            right = dict(zip(labels, logits.tolist(), strict=True))
            assert said == {"values": pytest.approx(right, abs=2e-4)}
        elif "label" in name:
            shares = logits.sigmoid().tolist()
            likely = [one for one, p in zip(labels, shares, strict=True) if p > 0.5]
            right = dict(zip(labels, shares, strict=True))
            assert said["labels"] == likely
            assert said["probabilities"] == pytest.approx(right, abs=2e-4)
        else:
            best = int(logits.argmax())
            assert said["label"] == labels[best]
            share = float(logits.softmax(-1)[best])
            assert said["probability"] == pytest.approx(share, abs=2e-4)
    if "classes" not in name:
        data = tmp_path / "t.tsv"
        data.write_text(f"text\tlabel\na\t{labels[0]}\n")
        with pytest.raises(ValueError, match="must choose one class"):
            evaluate_model(task, folder, data)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_read_as_in_transformers(kind, tmp_path):
    model = published(kind)
    ours = assert_same(saved(model, tmp_path), kind, model)
    more = {"output_attentions": True, "output_hidden_states": True}
    model.set_attn_implementation("eager")
    right = model(IDS, attention_mask=MASK, **more)
    right = {k: v for k, v in right.items() if k != "cross_attentions"}  # a decoder's
    found = ours(IDS, attention_mask=MASK, **more)
    assert list(found.keys()) == list(right.keys())
    assert len(found.to_tuple()) == len(found)
    for number, name in enumerate(list(right)):
        one = found[number]
        assert one is found[name] is getattr(found, name) is found.to_tuple()[number]
        first = one[0] if isinstance(one, tuple) else one
        other = right[name][0] if isinstance(one, tuple) else right[name]
        torch.testing.assert_close(first, other, atol=1e-5, rtol=1e-4)
    assert [*map(id, found[:2])] == [*map(id, found.to_tuple()[:2])]
    assert found[-1] is found.attentions
    if kind != "BertModel":  # it has no loss
        assert "loss" not in found and found.loss is None
        found["loss"] = torch.tensor(1.0)
        assert found.loss is found["loss"]
        found.loss = None
        assert "loss" not in found
    again = copy.copy(found)
    assert type(again) is type(found) and again[0] is found[0]


def test_the_loss_comes_first():
    config = BertConfig.named("tiny", vocab_size=len(PIECES))
    model = bert_tutorial.BertForSequenceClassification(config)
    output = model(IDS, labels=torch.tensor([0, 1]))
    assert output[0] is output.loss and output[1] is output.logits


@pytest.mark.parametrize("kind", KINDS)
def test_export_and_trace_take_every_model(kind):
    config = BertConfig.named("tiny", vocab_size=len(PIECES))
    model = getattr(bert_tutorial, kind)(config).eval()
    given = (IDS, MASK, torch.zeros_like(IDS))
    with torch.no_grad():
        right = model(*given)
        exported = torch.export.export(model, given).module()(*given)
        traced = torch.jit.trace(model, given, strict=False)(*given)
    assert type(exported) is type(right) and list(exported) == list(right)
    for name in right:
        torch.testing.assert_close(exported[name], right[name])
        torch.testing.assert_close(traced[name], right[name])
    mapped = torch.utils._pytree.tree_map(lambda one: one + 1, right)
    torch.testing.assert_close(mapped[0], right[0] + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_offered_is_said(kind):
    model = getattr(bert_tutorial, kind)(BertConfig.named("tiny", vocab_size=20))
    for name, value in (
        ("position_ids", IDS),
        ("inputs_embeds", torch.zeros(1, 2, 128)),
        ("head_mask", torch.ones(2)),
        ("past_key_values", ()),
        ("return_dict", False),
    ):
        with pytest.raises(TypeError, match=f"{kind} has no {name}: "):
            model(IDS, **{name: value})
    model(IDS, position_ids=None, return_dict=True)
    with pytest.raises(NotImplementedError, match="accumulation_steps"):
        model.gradient_checkpointing_enable()


def test_the_ways_out_that_are_named_work():
    model = bert_tutorial.BertModel(BertConfig.named("tiny", vocab_size=20)).eval()
    words = model.get_input_embeddings()(IDS)
    tables = model.embeddings
    summed = words + tables.position_embeddings.weight[: IDS.shape[1]]
    summed = summed + tables.token_type_embeddings.weight[0]
    hidden, _, _ = model.encoder(tables.dropout(tables.layer_norm(summed)), MASK.bool())
    right = model(IDS, MASK)
    torch.testing.assert_close(hidden, right.last_hidden_state)
    assert right.to_tuple()[0] is right.last_hidden_state


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [30, 20, 12])
def test_the_table_can_be_resized(kind, rows, tmp_path):
    torch.manual_seed(0)
    config = BertConfig.named("tiny", vocab_size=20)
    model = getattr(bert_tutorial, kind)(config).eval()
    ids = IDS.clamp(max=11)
    before = model(ids)
    table = model.resize_token_embeddings(rows)
    assert table is model.get_input_embeddings() and table.num_embeddings == rows
    assert model.config.vocab_size == rows
    after = model(ids)
    if kind in ("BertForPreTraining", "BertForMaskedLM"):
        kept = min(rows, 20)
        assert after[0].shape[-1] == rows  # tied, with a bias for each row
        torch.testing.assert_close(after[0][..., :kept], before[0][..., :kept])
        assert model.cls.predictions.bias.shape == (rows,)
    else:
        torch.testing.assert_close(after[0], before[0])
    model.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path)
    torch.testing.assert_close(again(ids)[0], after[0])
    right = getattr(transformers, kind).from_pretrained(tmp_path).eval()
    torch.testing.assert_close(right(ids)[0], after[0], atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="vocab_size"):
        model.resize_token_embeddings(0)
