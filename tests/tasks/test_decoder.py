"""The decoder: equal to torch's, no look ahead, no padding, step by step = at once."""

import pytest
import torch
from conftest import B, H, T, V, tiny_config
from torch import nn

from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.summaries.writer import (
    BertWithDecoder,
    Decoder,
    DecoderLayer,
    decoder_masks,
    encode_writing,
    greedy_ids,
    write_summary,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

S = 5
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]


@pytest.fixture
def model():
    return BertWithDecoder(tiny_config()).eval()


@pytest.fixture
def source():
    ids = torch.randint(5, V, (B, S))
    mask = torch.ones_like(ids)
    mask[1, 3:] = 0
    return ids, mask


def copied(layer, config):
    """Make torch's decoder layer with the weights of ours."""
    theirs = nn.TransformerDecoderLayer(
        config.hidden_size,
        config.num_attention_heads,
        config.intermediate_size,
        dropout=0.0,
        activation="gelu",
        layer_norm_eps=config.layer_norm_eps,
        batch_first=True,
        norm_first=False,
        dtype=torch.float64,
    )
    with torch.no_grad():
        for ours, their in (
            (layer.self_attention, theirs.self_attn),
            (layer.cross_attention, theirs.multihead_attn),
        ):
            parts = (ours.query, ours.key, ours.value)
            their.in_proj_weight.copy_(torch.cat([p.weight for p in parts]))
            their.in_proj_bias.copy_(torch.cat([p.bias for p in parts]))
            their.out_proj.load_state_dict(ours.output.state_dict())
    theirs.linear1.load_state_dict(layer.feed_forward.up.state_dict())
    theirs.linear2.load_state_dict(layer.feed_forward.down.state_dict())
    theirs.norm1.load_state_dict(layer.self_norm.state_dict())
    theirs.norm2.load_state_dict(layer.cross_norm.state_dict())
    theirs.norm3.load_state_dict(layer.feed_forward_norm.state_dict())
    return theirs.eval()


@pytest.mark.parametrize("seed", range(3))
def test_a_layer_equals_that_of_torch(seed):
    torch.manual_seed(seed)
    config = tiny_config()
    layer = DecoderLayer(config).double().eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    theirs = copied(layer, config)
    target, memory = torch.randn(B, T, H).double(), torch.randn(B, S, H).double()
    is_token = torch.tensor([[True] * S, [True] * 3 + [False] * 2])
    masks = decoder_masks(T, is_token)
    mine, _ = layer(target, layer.cross_attention.remember(memory), masks)
    other = theirs(
        target,
        memory,
        tgt_mask=~masks[0][0, 0],
        memory_key_padding_mask=~is_token,
    )
    torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-9)


def test_the_masks():
    is_token = torch.tensor([[True, True, False], [True, False, False]])
    own, source = decoder_masks(3, is_token)
    assert own.tolist() == [[[[True, False, False], [True, True, False], [True] * 3]]]
    assert source.shape == (2, 1, 1, 3) and torch.equal(source[:, 0, 0], is_token)


def test_later_words_change_nothing_before_them(model, source):
    read = model.read(*source)
    written = torch.randint(5, V, (B, T))
    logits, _ = model.next_logits(written, read)
    for place in range(T):
        other = written.clone()
        other[:, place:] = torch.randint(5, V, (B, T - place))
        changed, _ = model.next_logits(other, read)
        torch.testing.assert_close(changed[:, :place], logits[:, :place])
        if not torch.equal(other[:, place], written[:, place]):
            assert not torch.allclose(changed[:, place], logits[:, place])


def test_the_padding_of_the_source_is_never_seen(model, source):
    ids, mask = source
    written = torch.randint(5, V, (B, T))
    before, _ = model.next_logits(written, model.read(ids, mask))
    other = ids.masked_fill(mask == 0, 9)
    other = torch.cat([other, torch.full((B, 3), 7)], dim=1)
    longer = torch.cat([mask, torch.zeros(B, 3, dtype=mask.dtype)], dim=1)
    after, _ = model.next_logits(written, model.read(other, longer))
    torch.testing.assert_close(after, before)
    alone, _ = model.next_logits(written[1:], model.read(ids[1:, :3]))
    torch.testing.assert_close(alone, before[1:])


def test_the_source_is_seen(model, source):
    ids, mask = source
    written = torch.randint(5, V, (B, T))
    before, _ = model.next_logits(written, model.read(ids, mask))
    after, _ = model.next_logits(written, model.read(ids.roll(1, dims=1), mask))
    assert not torch.allclose(before, after)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_word_by_word_gives_what_all_at_once_gives(model, source, step):
    read = model.read(*source)
    written = torch.randint(5, V, (B, T))
    whole, _ = model.next_logits(written, read)
    parts, past = [], None
    for stop in [*range(step, T, step), T]:
        logits, past = model.next_logits(written[:, :stop], read, past)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def without_cache(model, ids, mask, max_new):
    """Write greedily, computing everything anew for each word and each text."""
    rows = []
    for row, kept in zip(ids, mask.sum(dim=1).tolist(), strict=True):
        written = [2]
        while len(written) <= max_new and 3 not in written:
            read = model.read(row[None, :kept])
            logits, _ = model.next_logits(torch.tensor([written]), read)
            written.append(int(logits[0, -1].argmax()))
        rows.append([i for i in written[1:] if i != 3])
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_greedy_writing_is_the_same_without_cache(seed):
    torch.manual_seed(seed)
    model = BertWithDecoder(tiny_config(vocab_size=12)).eval()
    ids, mask = torch.randint(5, 12, (4, S)), torch.ones(4, S, dtype=torch.long)
    mask[1, 3:] = mask[2, 1:] = 0
    found = greedy_ids(model, ids, mask, start_id=2, end_id=3, max_new=9)
    assert found == without_cache(model, ids, mask, 9)


def test_greedy_writing_knows_its_limits(model, source):
    for number in (0, 12):
        with pytest.raises(ValueError, match="max_new must be from 1 to 11, got"):
            greedy_ids(model, *source, start_id=2, end_id=3, max_new=number)
    rows = greedy_ids(model, *source, start_id=2, end_id=3, max_new=11)
    assert all(len(row) <= 11 for row in rows)


def test_the_loss_is_that_of_the_words_after_the_first(model, source):
    labels = torch.full((B, S), -100)
    labels[0, :4] = torch.tensor([2, 8, 9, 3])
    labels[1, :3] = torch.tensor([2, 7, 3])
    out = model(*source, labels=labels)
    assert out.logits.shape == (B, 3, V)
    read = model.read(*source)
    losses = []
    for row, target in enumerate(([8, 9, 3], [7, 3])):
        given = torch.tensor([[2, *target[:-1]]] * B)
        scores, _ = model.next_logits(given, read)
        losses += [
            -scores[row, i].log_softmax(-1)[word] for i, word in enumerate(target)
        ]
    torch.testing.assert_close(out.loss, torch.stack(losses).mean())
    with pytest.raises(ValueError, match="labels must be given"):
        model(*source)


def test_every_parameter_learns(model, source):
    labels = torch.tensor([[2, 8, 9, 3, -100], [2, 7, 6, 5, 3]])
    model(*source, labels=labels).loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        # a bias of keys shifts all scores of a query alike
        if not name.endswith("key.bias"):
            assert parameter.grad.abs().sum() > 0, name


def test_it_overfits_one_batch_and_writes_it(tmp_path):
    tokenizer = BertTokenizer(WORDS)
    config = tiny_config(vocab_size=len(WORDS), max_position_embeddings=16)
    model = BertWithDecoder(config)
    texts = [
        (["a b", "c d e"], "b a"),
        (["c d", "a b e"], "e"),
        (["f g h", "a"], "h h g f"),
    ]
    examples = [encode_writing(tokenizer, s, t, 16) for s, t in texts]
    losses = fit(model, examples, steps=300, batch_size=3, learning_rate=5e-3)
    assert losses[-1] < 0.02
    assert [write_summary(model, tokenizer, s, 9) for s, _ in texts] == [
        t for _, t in texts
    ]
    model.train()
    write_summary(model, tokenizer, ["a"], 3)
    assert model.training
    model.eval().save_pretrained(tmp_path)
    again = BertWithDecoder.from_pretrained(tmp_path)
    assert not again.missing_keys and not again.unexpected_keys
    sentences = texts[2][0]
    assert write_summary(again, tokenizer, sentences, 9) == "h h g f"


def test_from_an_encoder_the_decoder_is_new(tmp_path):
    model = BertWithDecoder(tiny_config())
    model.bert.save_pretrained(tmp_path)
    again = BertWithDecoder.from_pretrained(tmp_path)
    assert {key.split(".")[0] for key in again.missing_keys} == {"cls", "decoder"}
    assert again.cls.predictions._table[0] is again.bert.embeddings.word_embeddings


def test_a_summary_longer_than_its_document_is_refused():
    tokenizer = BertTokenizer(WORDS)
    with pytest.raises(ValueError, match="not be longer than its document: 3 tokens"):
        encode_writing(tokenizer, ["a"], "b c d")
    assert encode_writing(tokenizer, ["a b"], "c") == Example(
        [2, 5, 6, 3], [0] * 4, {"labels": [2, 7, 3]}
    )


def test_a_decoder_has_as_many_layers_as_the_encoder(config):
    assert len(Decoder(config).layers) == config.num_hidden_layers
