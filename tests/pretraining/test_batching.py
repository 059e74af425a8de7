"""Buckets deal every sequence once, waste little, and depend on the generator only."""

import pytest
import torch

from bert_tutorial.pretraining.batches import length_buckets, pad


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def some_lengths(n=5_000):
    return torch.randn(n, generator=generator(9)).mul(3).add(12).round().clamp(3).long()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("tokens", [1, 40, 512, 10**6])
def test_each_sequence_comes_once(exact, tokens):
    lengths = some_lengths()
    batches = length_buckets(lengths, tokens, generator(), exact)
    assert sorted(torch.cat(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        places = len(batch) * int(lengths[batch].max())
        assert places <= tokens or len(batch) == 1


def test_little_is_padding():
    lengths = some_lengths()
    for exact in (False, True):
        batches = length_buckets(lengths, 512, generator(), exact)
        places = sum(len(b) * int(lengths[b].max()) for b in batches)
        assert 1 - int(lengths.sum()) / places < 0.01
        # Full batches: not many more than the least possible number.
        assert len(batches) <= 1.1 * int(lengths.sum()) / 512 + 1
    shuffled = torch.randperm(len(lengths), generator=generator()).split(40)
    places = sum(len(b) * int(lengths[b].max()) for b in shuffled)
    assert 1 - int(lengths.sum()) / places > 0.3  # what buckets are for


def test_exact_batches_have_one_length_where_there_are_enough():
    lengths = torch.tensor([10] * 1_003 + [11] * 1_007 + [37])
    batches = length_buckets(lengths, 100, generator(), exact=True)
    mixed = [b for b in batches if lengths[b].unique().numel() > 1]
    full = [b for b in batches if lengths[b].unique().numel() == 1]
    assert sum(map(len, full)) >= 1_000 + 999
    assert sum(map(len, mixed)) <= 3 + 8 + 1
    assert {len(b) for b in full} <= {10, 9, 8, 3, 2, 1}


def test_the_order_is_random_and_repeatable():
    lengths = some_lengths()
    for exact in (False, True):
        first, same, other = (
            length_buckets(lengths, 512, generator(seed), exact) for seed in (1, 1, 2)
        )
        assert all(map(torch.equal, first, same))
        assert [b.tolist() for b in first] != [b.tolist() for b in other]
        means = torch.tensor([lengths[b].float().mean() for b in first])
        assert (means.diff() < 0).float().mean() > 0.3  # not from short to long
        # Company changes: sequence 0 meets others.
        met = [
            next(set(b.tolist()) for b in batches if 0 in b)
            for batches in (first, other)
        ]
        assert met[0] != met[1]


def test_nothing_to_deal_and_longer_than_a_batch():
    assert length_buckets([], 100, generator()) == []
    assert length_buckets([], 100, generator(), exact=True) == []
    for exact in (False, True):
        batches = length_buckets([500, 3, 3, 500], 100, generator(), exact)
        assert sorted(sorted(b.tolist()) for b in batches) == [[0], [1, 2], [3]]
    with pytest.raises(ValueError, match="at least 1, got 0"):
        length_buckets([3], 0, generator())


def test_pad():
    rows, mask = pad([[5, 6, 7], [8], []], pad_id=4)
    assert rows.tolist() == [[5, 6, 7], [8, 4, 4], [4, 4, 4]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert rows.dtype == mask.dtype == torch.long
    with pytest.raises(ValueError, match="at least one row"):
        pad([], pad_id=0)
