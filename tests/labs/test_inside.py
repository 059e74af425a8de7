"""Looking inside: changes of a run do what they say, against runs made by hand."""

import json
from importlib import resources
from random import Random

import pytest
import torch
from conftest import tiny_config

from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.inside.encoder import head_targets, word_batch
from bert_tutorial.labs.inside.interventions import (
    ablate_head,
    changed_run,
    country_swaps,
    head_outputs,
    mask_logits,
    patch_state,
    patched_heads,
    patched_positions,
    relation_swaps,
    swap_head,
    without_heads,
    zero_head,
)
from bert_tutorial.labs.inside.probing import (
    control_labels,
    fit_reader,
    held_out_accuracy,
    reader_accuracy,
)
from bert_tutorial.labs.inside.report import untrained_twin
from bert_tutorial.labs.inside.similarity import linear_cka
from bert_tutorial.labs.inside.views import (
    answer_ranks,
    fact_batch,
    mask_weights,
    rollout,
    rounded,
)
from bert_tutorial.model.attention import merge_heads, split_heads
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import FULL, World
from bert_tutorial.world.knowledge import answer_probes


@pytest.fixture(scope="module")
def shipped():
    folder = shipped_weights()
    model = BertForPreTraining.from_pretrained(folder).eval()
    return model, BertTokenizer.from_pretrained(folder), World(1, FULL)


@pytest.fixture(scope="module")
def few(shipped):
    _, tokenizer, world = shipped
    return fact_batch(tokenizer, world.probes("rephrased")[::40])


def test_a_batch_knows_where_the_mask_and_the_subject_are(shipped):
    _, tokenizer, world = shipped
    probes = world.probes("rephrased")[::40]
    batch = fact_batch(tokenizer, probes)
    for row, probe in enumerate(probes):
        tokens = tokenizer.encode(probe.text).tokens
        backwards = probe.answer == probe.fact.subject
        subject = probe.fact.object if backwards else probe.fact.subject
        assert tokens[batch.at[row]] == "[MASK]"
        assert tokens[batch.subject[row]] == subject.lower()
        assert tokenizer.id_to_token[int(batch.answers[row])] == probe.answer.lower()
    with pytest.raises(ValueError, match="must name"):
        fact_batch(tokenizer, [probes[0]._replace(text="What is [MASK]?")])


def test_an_unchanged_run_gives_what_the_probes_of_chapter_12_give(shipped):
    model, tokenizer, world = shipped
    probes = world.probes("rephrased")[::40]
    words = mask_logits(model, fact_batch(tokenizer, probes)).argmax(dim=-1)
    answers = answer_probes(model, tokenizer, probes)
    assert [tokenizer.id_to_token[i] for i in words.tolist()] == [
        answer.word for answer in answers
    ]
    ranks = answer_ranks(model, fact_batch(tokenizer, probes))
    assert ranks[-1].tolist() == [answer.rank for answer in answers]


def test_what_heads_say_is_their_weights_times_their_values(few, shipped):
    model, _, _ = shipped
    output = model.bert(
        few.ids, few.mask, output_attentions=True, output_hidden_states=True
    )
    said = head_outputs(model.bert, few.ids, few.mask)
    for number, layer in enumerate(model.bert.encoder.layers):
        value = split_heads(layer.attention.value(output.hidden_states[number]), 4)
        by_hand = merge_heads(output.attentions[number] @ value)
        torch.testing.assert_close(said[number], by_hand, atol=1e-5, rtol=1e-4)


def test_a_zeroed_head_is_one_whose_columns_of_the_output_matrix_are_zero(few, shipped):
    model, _, _ = shipped
    hooked = mask_logits(
        model, few, heads={1: lambda merged: zero_head(merged, 2, 4, few.is_token)}
    )
    folder = shipped_weights()
    pruned = BertForPreTraining.from_pretrained(folder).eval()
    with torch.no_grad():
        pruned.bert.encoder.layers[1].attention.output.weight[:, 32:48] = 0.0
    torch.testing.assert_close(hooked, mask_logits(pruned, few), atol=1e-5, rtol=1e-4)


def test_a_changed_state_is_where_the_run_goes_on_from(few, shipped):
    model, _, _ = shipped
    output = model.bert(few.ids, few.mask, output_hidden_states=True)
    for number in range(3):
        other = output.hidden_states[number].flip(0)
        with changed_run(model.bert, states={number: lambda _, other=other: other}):
            changed = model.bert(few.ids, few.mask).last_hidden_state
        hidden = other
        for layer in model.bert.encoder.layers[number:]:
            hidden, _ = layer(hidden, few.is_token)
        torch.testing.assert_close(changed, hidden, atol=1e-5, rtol=1e-4)
    after = model.bert(few.ids, few.mask).last_hidden_state
    assert torch.equal(after, model.bert(few.ids, few.mask).last_hidden_state)


def test_hooks_are_gone_when_the_run_fails(few, shipped):
    model, _, _ = shipped
    plain = mask_logits(model, few)

    def broken(state):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        mask_logits(model, few, states={0: broken}, heads={0: broken})
    assert torch.equal(mask_logits(model, few), plain)


def test_replacements_change_one_head_and_no_text_keeps_its_own():
    merged = torch.randn(7, 5, 12)
    is_token = torch.ones(7, 5, dtype=torch.bool)
    for replace in (ablate_head, zero_head, swap_head):
        changed = replace(merged, 1, 3, is_token)
        assert torch.equal(changed[..., :4], merged[..., :4])
        assert torch.equal(changed[..., 8:], merged[..., 8:])
        assert (changed[..., 4:8] != merged[..., 4:8]).flatten(1).any(dim=1).all()
    swapped = swap_head(merged, 1, 3, is_token)[:, 0, 4]
    assert swapped.sort().values.tolist() == merged[:, 0, 4].sort().values.tolist()


def test_two_heads_in_one_layer_are_both_taken_out(few, shipped):
    model, _, _ = shipped

    def both(merged):
        merged = ablate_head(merged, 0, 4, few.is_token)
        return ablate_head(merged, 2, 4, few.is_token)

    by_hand = mask_logits(model, few, heads={1: both}).argmax(dim=-1) == few.answers
    assert torch.equal(without_heads(model, few, [(1, 0), (1, 2)]), by_hand)


@pytest.mark.parametrize("swaps", [country_swaps, relation_swaps])
def test_swaps_name_another_question_in_the_same_sentence(shipped, swaps):
    _, tokenizer, world = shipped
    probes, sources = swaps(world)
    seen = set()
    for probe, source in zip(probes, sources.tolist(), strict=True):
        other = probes[source]
        if swaps is country_swaps:
            assert other.fact.relation == probe.fact.relation
            assert other.fact.subject != probe.fact.subject
        else:
            assert other.fact.relation != probe.fact.relation
            assert other.fact.subject == probe.fact.subject
        seen.add((probe.fact, other.fact))
    assert len(seen) == len(probes) == (756 if swaps is country_swaps else 56)
    at = fact_batch(tokenizer, probes).at
    assert at.unique().numel() == 1


def test_patches_follow_the_country_and_the_twin_does_not(shipped):
    model, tokenizer, world = shipped
    probes, sources = country_swaps(world)
    batch = fact_batch(tokenizer, probes)
    moved = patched_positions(model, batch, sources)
    assert moved.shape == (3, 9)
    assert moved[1, 4] > 0.99 and moved[2, 6] > 0.99 and moved[2, 4] == 0
    heads = patched_heads(model, batch, sources)
    weights = mask_weights(model, batch).mean(dim=0)
    assert heads[1, 2] > 0.98 and heads[1, 0] < 0.02 and weights[1, 0] > 0.8
    assert patched_positions(untrained_twin(model), batch, sources).max() < 0.1


def test_a_patch_of_all_heads_is_a_patch_of_the_merged_state(shipped):
    model, tokenizer, world = shipped
    probes, sources = relation_swaps(world)
    batch = fact_batch(tokenizer, probes)
    said = head_outputs(model.bert, batch.ids, batch.mask)[1]
    logits = mask_logits(
        model,
        batch,
        heads={1: lambda own: patch_state(own, said[sources], batch.at)},
    )
    assert not torch.equal(logits, mask_logits(model, batch))


def test_rollout_of_heads_that_copy_one_token_is_known():
    # every token takes all of token 0, in both layers: half of what is left stays own
    copy = torch.zeros(1, 2, 3, 3)
    copy[..., 0] = 1.0
    flow = rollout([copy, copy])[0]
    assert flow[0].tolist() == [1.0, 0.0, 0.0]
    assert flow[2].tolist() == [0.75, 0.0, 0.25]


def test_a_probe_reads_what_is_there_and_learns_controls_by_heart():
    torch.manual_seed(0)
    groups = torch.arange(20).repeat_interleave(6)
    labels = groups % 2
    words = torch.randn(20, 32)
    words[:, :8] += 6.0 * (torch.arange(20) % 2)[:, None]  # shared by half the words
    vectors = words[groups] + 0.1 * torch.randn(120, 32)
    names = [str(i) for i in groups.tolist()]
    control = torch.tensor(control_labels(names, labels.tolist(), Random(1)))
    for target in (labels, control):
        reader = fit_reader(vectors[::2], target[::2], 2)
        assert reader_accuracy(reader, vectors[1::2], target[1::2]) > 0.95
    assert held_out_accuracy(vectors, labels, groups, 2) > 0.9
    assert held_out_accuracy(vectors, control, groups, 2) < 0.8


def test_cka_ignores_rotation_scale_and_shift_and_nothing_else():
    torch.manual_seed(0)
    x = torch.randn(500, 6, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64)).Q
    assert linear_cka(x, 3 * x @ turn + 2) == pytest.approx(1)
    assert linear_cka(x, torch.randn(500, 6, dtype=torch.float64)) < 0.1
    # by the definition: HSIC of the two kernels over the root of both with themselves
    y = x[:, :2] + torch.randn(500, 2, dtype=torch.float64)
    kernels = [z @ z.T for z in (x, y)]
    center = torch.eye(500, dtype=torch.float64) - 1 / 500
    k, other = (center @ one @ center for one in kernels)
    expected = (k * other).sum() / (k.norm() * other.norm())
    assert linear_cka(x, y) == pytest.approx(expected.item())


def test_head_targets_are_means_over_the_tokens_that_ask(shipped):
    _, tokenizer, _ = shipped
    config = tiny_config(vocab_size=len(tokenizer), max_position_embeddings=32)
    model = BertModel(config).eval()
    batch = word_batch(tokenizer, ["France", "Peru"])
    targets = head_targets(model, batch)
    maps = model(batch.ids, batch.mask, output_attentions=True).attentions
    expected = {name: 0.0 for name in targets}
    count = 0
    for row, length in enumerate(batch.mask.sum(dim=1).tolist()):
        for asks in range(1, length - 1):
            count += 1
            weights = maps[0][row, 1, asks]
            expected["[CLS]"] += weights[0].item()
            expected["[SEP]"] += weights[length - 1].item()
            expected["before"] += weights[asks - 1].item()
            expected["after"] += weights[asks + 1].item()
            expected["word"] += weights[batch.at[row]].item()
    for name, total in expected.items():
        assert targets[name][0, 1].item() == pytest.approx(total / count, abs=1e-5)


def test_rounded_makes_lists():
    assert rounded(torch.tensor([[0.12345, 1.0]]), 2) == [[0.12, 1.0]]


def test_the_stored_runs_are_whole():
    file = resources.files("bert_tutorial") / "runs/looking_inside.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    names = [one["model"] for one in record["runs"]]
    assert names[0] == "shipped" and len(names) == len(set(names)) >= 4
    assert {*record} >= {"command", "machine", "similarity", "encoder"}
    n = len(names)
    assert len(record["similarity"]) == n * (2 * n - 1)
    assert all(one["recall"] > 0.99 for one in record["runs"])


def test_each_finding_beside_the_shipped_model_has_three_seeds():
    file = resources.files("bert_tutorial") / "runs/looking_inside.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    shipped, *others = record["runs"]
    assert len(others) >= 3
    for one in others:
        assert one.keys() == shipped.keys()
        assert one["country_states"][1][4] > 0.99 and one["country_states"][2][6] > 0.99
        assert max(one["probes"]["untrained"]["held_out"]) < one["largest_class"]
        assert min(one["probes"]["trained"]["held_out"]) > one["largest_class"] + 0.3
    # what heads do is not the same in all of them
    moved = [max(one["country_heads"][1]) for one in others]
    assert max(moved) > 0.99 and min(moved) < 0.2
    trained = [
        pair
        for pair in record["similarity"]
        if not any("untrained" in name for name in pair["models"])
    ]
    assert len(trained) >= 6
