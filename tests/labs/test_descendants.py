"""What later models changed equals transformers' own classes, number by number.

Small models with random weights: ModernBERT's rotation, gate, mask and whole encoder,
ALBERT's tables and shared layer. Then the count of work, and the stored runs.
"""

import json
import re
from itertools import product
from pathlib import Path

import nbformat
import pytest
import torch
import transformers
from descendants import RESULTS, VARIANTS, best_rate
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import AlbertConfig, AlbertModel, ModernBertConfig, ModernBertModel
from transformers.masking_utils import create_bidirectional_sliding_window_mask
from transformers.models.modernbert import modeling_modernbert as modern

from bert_tutorial.labs.descendants.attention import (
    LocalAttention,
    RotaryAttention,
    local_mask,
    rotate,
)
from bert_tutorial.labs.descendants.layers import (
    FactorisedEmbeddings,
    FactorisedHead,
    GatedFeedForward,
    PreNormEncoder,
    gated_gelu,
)
from bert_tutorial.labs.descendants.variants import (
    CHANGES,
    descendant,
    descendant_operations,
)
from bert_tutorial.model.attention import SelfAttention
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import pretraining_loss

ROOT = Path(__file__).resolve().parents[2]
V, T = 41, 11
CONFIG = BertConfig(
    vocab_size=V,
    hidden_size=24,
    num_hidden_layers=4,
    num_attention_heads=3,
    intermediate_size=30,
    max_position_embeddings=T,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    layer_norm_eps=1e-5,
    initializer_range=0.3,
)
IDS = torch.randint(5, V, (2, T), generator=torch.Generator().manual_seed(0))
MASK = (torch.arange(T) < torch.tensor([[T], [7]])).long()


def modern_model() -> ModernBertModel:
    """Make a ModernBERT of transformers with large random weights."""
    torch.manual_seed(1)
    config = ModernBertConfig(
        vocab_size=V,
        hidden_size=24,
        intermediate_size=20,
        num_hidden_layers=4,
        num_attention_heads=3,
        max_position_embeddings=T,
        local_attention=4,
        initializer_range=0.3,
        pad_token_id=0,
        attn_implementation="eager",
    )
    model = ModernBertModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3)
    return model


def put(linear: nn.Linear, weight: Tensor) -> None:
    """Copy a matrix; there is no bias."""
    with torch.no_grad():
        linear.weight.copy_(weight)
        linear.bias.zero_()


def put_norm(ours: nn.Module, theirs: nn.Module) -> None:
    """Copy a gain; there is no shift."""
    with torch.no_grad():
        ours.weight.copy_(theirs.weight)
        ours.bias.zero_()


def ours_from(theirs: ModernBertModel) -> BertModel:
    """Make a ModernBERT of this package's BERT and four of the changes."""
    model = BertModel(CONFIG, add_pooling_layer=False).eval()
    tables = model.embeddings
    with torch.no_grad():
        tables.word_embeddings.weight.copy_(theirs.embeddings.tok_embeddings.weight)
        tables.position_embeddings.weight.zero_()
        tables.token_type_embeddings.weight.zero_()
    put_norm(tables.layer_norm, theirs.embeddings.norm)
    model.encoder = PreNormEncoder(CONFIG).eval()
    put_norm(model.encoder.norm, theirs.final_norm)
    for number, (layer, other) in enumerate(
        zip(model.encoder.layers, theirs.layers, strict=True)
    ):
        base = 160_000.0 if number % 3 == 0 else 10_000.0
        attention = RotaryAttention(CONFIG, base)
        names = (attention.query.linear, attention.key.linear, attention.value)
        for part, weight in zip(names, other.attn.Wqkv.weight.chunk(3), strict=True):
            put(part, weight)
        put(attention.output, other.attn.Wo.weight)
        layer.attention = LocalAttention(attention, reach=2, layer=number, every=3)
        layer.feed_forward = GatedFeedForward(CONFIG)
        put(layer.feed_forward.up, other.mlp.Wi.weight)
        put(layer.feed_forward.down, other.mlp.Wo.weight)
        if number:
            put_norm(layer.attention_norm, other.attn_norm)
        put_norm(layer.feed_forward_norm, other.mlp_norm)
    return model


@torch.no_grad()
def test_four_changes_make_a_whole_modernbert():
    theirs = modern_model()
    mine = ours_from(theirs)(IDS, MASK).last_hidden_state
    expected = theirs(IDS, MASK).last_hidden_state
    at_tokens = MASK.bool()
    torch.testing.assert_close(mine[at_tokens], expected[at_tokens])
    everywhere = theirs(IDS, torch.ones_like(IDS)).last_hidden_state
    assert (everywhere[at_tokens] - expected[at_tokens]).abs().max() > 0.1


@torch.no_grad()
@pytest.mark.parametrize(
    ("kind", "base"), [("full_attention", 160_000.0), ("sliding_attention", 10_000.0)]
)
def test_the_rotation_is_that_of_modernbert(kind, base):
    embedding = modern_model().rotary_emb
    x = torch.randn(2, 3, T, 8)
    cos, sin = embedding(x, torch.arange(T)[None], kind)
    expected, _ = modern.apply_rotary_pos_emb(x, x, cos, sin)
    torch.testing.assert_close(rotate(x, base), expected)


def test_a_rotated_match_depends_on_the_distance_alone():
    x = torch.randn(1, 8, dtype=torch.float64)
    query, key = rotate(x.expand(9, 8)), rotate(x.flip(-1).expand(9, 8))
    scores = query @ key.T
    for distance in range(-8, 9):
        along = scores.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    assert scores[0].std() > 0.01
    torch.testing.assert_close(query.norm(dim=-1), x.norm().expand(9))


@torch.no_grad()
def test_the_gate_is_that_of_modernbert():
    theirs = modern_model().layers[0].mlp
    hidden = torch.randn(2, 5, 24)
    ours = GatedFeedForward(CONFIG)
    put(ours.up, theirs.Wi.weight)
    put(ours.down, theirs.Wo.weight)
    torch.testing.assert_close(ours(hidden), theirs(hidden))
    torch.testing.assert_close(gated_gelu(torch.ones(2)), torch.tensor([0.8413447]))


def test_the_local_mask_is_that_of_modernbert():
    config = modern_model().config
    expected = create_bidirectional_sliding_window_mask(
        config, inputs_embeds=torch.zeros(2, T, 24), attention_mask=MASK
    )
    ours = local_mask(MASK.bool(), reach=2, layer=1, every=3)
    assert torch.equal(ours.expand(2, 1, T, T), expected == 0)
    near = [kind == "sliding_attention" for kind in config.layer_types]
    assert near == [False, True, True, False]
    for layer in (0, 3):
        whole = local_mask(MASK.bool(), reach=2, layer=layer, every=3)
        assert torch.equal(whole[:, 0], MASK.bool()[:, None].expand(2, T, T))


def albert_model() -> AlbertModel:
    """Make an ALBERT of transformers."""
    torch.manual_seed(2)
    config = AlbertConfig(
        vocab_size=V,
        embedding_size=6,
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=3,
        intermediate_size=30,
        max_position_embeddings=T,
        hidden_act="gelu",
        layer_norm_eps=1e-5,
        initializer_range=0.3,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout_prob=0.0,
    )
    return AlbertModel(config, add_pooling_layer=False).eval()


def pairs_of(theirs: AlbertModel, ours: BertModel):
    """List the parts of both that hold the same weights."""
    layer = theirs.encoder.albert_layer_groups[0].albert_layers[0]
    mine, tables = ours.encoder.layers[0], theirs.embeddings
    return [
        (ours.embeddings.word_embeddings, tables.word_embeddings),
        (ours.embeddings.position_embeddings, tables.position_embeddings),
        (ours.embeddings.token_type_embeddings, tables.token_type_embeddings),
        (ours.embeddings.layer_norm, tables.LayerNorm),
        (ours.embeddings.projection, theirs.encoder.embedding_hidden_mapping_in),
        (mine.attention.query, layer.attention.query),
        (mine.attention.key, layer.attention.key),
        (mine.attention.value, layer.attention.value),
        (mine.attention.output, layer.attention.dense),
        (mine.attention_norm, layer.attention.LayerNorm),
        (mine.feed_forward.up, layer.ffn),
        (mine.feed_forward.down, layer.ffn_output),
        (mine.feed_forward_norm, layer.full_layer_layer_norm),
    ]


@torch.no_grad()
def test_two_changes_make_a_whole_albert():
    theirs = albert_model()
    ours = descendant(CONFIG, ["factorised", "shared"]).bert.eval()
    for mine, other in pairs_of(theirs, ours):
        mine.load_state_dict(other.state_dict())
    types = (torch.arange(T) > 4).long().expand(2, T)
    mine = ours(IDS, MASK, types).last_hidden_state
    expected = theirs(IDS, MASK, types).last_hidden_state
    torch.testing.assert_close(mine[MASK.bool()], expected[MASK.bool()])
    ours.pooler = None
    count = sum(p.numel() for p in ours.parameters())
    assert count == sum(p.numel() for p in theirs.parameters())


@torch.no_grad()
def test_the_factorised_head_is_that_of_albert():
    head = FactorisedHead(CONFIG, 6)
    head.tie(FactorisedEmbeddings(CONFIG, 6).word_embeddings)
    hidden = torch.randn(2, 24)
    logits = head(hidden)
    small = head.layer_norm(nn.functional.gelu(head.dense(hidden)))
    assert small.shape == (2, 6)
    torch.testing.assert_close(logits, small @ head._table[0].weight.T + head.bias)


def batch_of() -> dict[str, Tensor]:
    """Make a batch with hidden words and pairs."""
    labels = torch.full_like(IDS, -100)
    labels[0, 1:4], labels[1, 2] = 7, 8
    pairs = torch.tensor([0, 1])
    return {"input_ids": IDS, "labels": labels, "next_sentence_label": pairs}


@pytest.mark.parametrize("change", [None, *CHANGES])
def test_the_work_of_a_step_is_what_torch_counts(change):
    changes = [change] if change else []
    config = CONFIG.changed(attention_probs_dropout_prob=0.1)
    model = descendant(config, changes).train()
    with FlopCounterMode(display=False) as counter:
        pretraining_loss(model, batch_of()).loss.backward()
    parts = descendant_operations(config, changes, 2, T, 4)
    assert counter.get_total_flops() == 3 * sum(parts.values())


def test_each_change_does_what_its_name_says():
    plain = descendant(CONFIG)
    count = {
        name: sum(p.numel() for p in descendant(CONFIG, [name]).parameters())
        for name in CHANGES
    }
    whole = sum(p.numel() for p in plain.parameters())
    assert count["rotary"] == count["local"] == count["no positions"] == whole
    assert count["pre-norm"] == whole  # one norm less below, one more on top
    assert 0 <= count["gated"] - whole <= 4 * 2 * 20
    assert count["shared"] < whole / 2 and count["factorised"] < whole
    with pytest.raises(ValueError, match="changes must be among"):
        descendant(CONFIG, ["rotary", "faster"])


@torch.no_grad()
def test_a_text_without_positions_is_a_bag_and_a_rotated_one_is_not():
    order = torch.randperm(T, generator=torch.Generator().manual_seed(3))
    for changes, is_bag in ((["no positions"], True), (["rotary"], False)):
        model = descendant(CONFIG, changes).eval()
        straight = model.bert(IDS).last_hidden_state[:, order]
        shuffled = model.bert(IDS[:, order]).last_hidden_state
        assert torch.allclose(straight, shuffled, atol=1e-5) == is_bag


def test_what_needs_all_positions_refuses_the_lean_loss():
    for change in ("pre-norm", "rotary", "local"):
        with pytest.raises(ValueError, match="lean=False"):
            pretraining_loss(descendant(CONFIG, [change]), batch_of(), lean=True)


@torch.no_grad()
def test_the_attention_weights_are_those_of_the_mixture():
    plain, hidden = SelfAttention(CONFIG).eval(), torch.randn(2, T, 24)
    local = LocalAttention(plain, reach=2, layer=1, every=2).eval()
    mixed, weights = local(hidden, None, output_attentions=True)
    near = (torch.arange(T)[:, None] - torch.arange(T)).abs() <= 2
    assert torch.equal(weights > 0, near.expand_as(weights))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, T))
    torch.testing.assert_close(local(hidden)[0], mixed)
    wide, _ = LocalAttention(plain, reach=T, layer=1, every=2)(hidden)
    torch.testing.assert_close(wide, plain(hidden)[0])


def family() -> dict[str, list[str]]:
    """Read the table of models from the chapter."""
    path = next((ROOT / "notebooks").glob("23_*.ipynb"))
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(c.source for c in cells)
    lines = re.findall(r"^\| \w+ \(\w+ et al.*$", text, re.M)
    assert len(lines) == 7
    return {
        line.split()[1]: [cell.strip() for cell in line.split("|")[2:-1]]
        for line in lines
    }


BASE = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3_072}
DISENTANGLED = {
    "vocab_size": 50_265,
    "type_vocab_size": 0,
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "position_biased_input": False,
}
# The base size of each, as its published configuration has it.
PUBLISHED = {
    "BERT": (transformers.BertModel, {}),
    "RoBERTa": (
        transformers.RobertaModel,
        {"vocab_size": 50_265, "max_position_embeddings": 514, "type_vocab_size": 1},
    ),
    "ALBERT": (transformers.AlbertModel, BASE),
    "ELECTRA": (transformers.ElectraModel, {**BASE, "embedding_size": 768}),
    "DeBERTa": (transformers.DebertaModel, DISENTANGLED),
    "DistilBERT": (transformers.DistilBertModel, {}),
    "ModernBERT": (transformers.ModernBertModel, {}),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_of_models_is_that_of_transformers(name):
    *_, attention, length, parameters, _ = family()[name]
    kind, choices = PUBLISHED[name]
    config = kind.config_class(**choices)
    with torch.device("meta"):
        model = kind(config)
    count = sum(p.numel() for p in model.parameters())
    assert parameters == f"{count / 1e6:.0f} million"
    special = 2 if name == "RoBERTa" else 0  # its positions begin behind [PAD]
    assert length == f"{config.max_position_embeddings - special:,}"
    if name == "ModernBERT":
        assert config.layer_types.index("full_attention", 1) == 3
        assert f"others {config.sliding_window} to each side" in attention


RUNS = json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_stored_runs_had_equal_work_and_their_best_rate():
    seeds = {run["seed"] for run in RUNS["runs"]}
    assert len(seeds) >= 3 and len(RUNS["budgets"]) >= 3
    for name, budget, seed in product(VARIANTS, RUNS["budgets"], seeds):
        key = {"budget": budget, "seed": seed}
        ours, plain = (
            next(r for r in RUNS["runs"] if {**key, "variant": v}.items() <= r.items())
            for v in (name, "BERT")
        )
        assert ours["operations"] == pytest.approx(plain["operations"], rel=0.01)
        assert ours["rate"] == best_rate(RUNS["grid"], name)
    rates = {run["variant"]: set() for run in RUNS["grid"]}
    for run in RUNS["grid"]:
        rates[run["variant"]].add(run["rate"])
    assert all(tried == set(RUNS["rates"]) for tried in rates.values())
