"""Hide some tokens of a text, so that a model can learn by guessing them.

`mask_tokens` flips a coin for each token, which is what the paper describes;
`choose_exactly` picks a fixed number of each sequence, or whole words of it, which is
what the code published with it does; `replace_chosen` hides what somebody else chose.
`Masker` offers both ways, batch after batch, and remembers where its random numbers
stand. Masks drawn anew for each batch are *dynamic* (Liu et al. 2019, section 4.1);
masks drawn once, and then seen again and again, are *static*: `mask_statically`.

Chapter: 10
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "Masker",
    "choose_exactly",
    "find_first_pieces",
    "mask_statically",
    "mask_tokens",
    "replace_chosen",
]


def replace_chosen(
    input_ids: Tensor,
    is_chosen: Tensor,
    u: Tensor,
    *,
    generator: torch.Generator,
    mask_id: int,
    vocab_size: int,
    split: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> tuple[Tensor, Tensor]:
    """Hide, swap or keep each chosen token (Devlin et al. 2019, section 3.1).

    The swapped-in token comes from the whole vocabulary, special tokens included.

    Args:
        input_ids: (B, T)
        is_chosen: (B, T) bool; the tokens to be predicted.
        u: (B, T), uniform in [0, 1) at chosen tokens; decides among the three.
        generator: source of the swapped-in tokens.
        mask_id: id of [MASK].
        vocab_size: V, the number of pieces.
        split: shares of [MASK], random token and unchanged token; they sum to 1.

    Returns:
        The ids that the model reads, and the labels: the true id at chosen tokens,
        -100 (not scored) elsewhere; both (B, T).
    """
    random_ids = torch.randint(vocab_size, input_ids.shape, generator=generator)
    is_masked = is_chosen & (u < split[0])
    is_swapped = is_chosen & ~is_masked & (u < split[0] + split[1])
    masked_ids = torch.where(is_swapped, random_ids, input_ids)
    masked_ids = masked_ids.masked_fill(is_masked, mask_id)
    return masked_ids, input_ids.masked_fill(~is_chosen, -100)


def mask_tokens(
    input_ids: Tensor,
    *,
    is_special: Tensor,
    rates: float | Tensor,
    generator: torch.Generator,
    mask_id: int,
    vocab_size: int,
    split: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> tuple[Tensor, Tensor]:
    """Choose each token with its own probability and hide it (section 3.1).

    One uniform draw u decides both: u < rate chooses the token, and where in
    [0, rate) it fell decides between [MASK], a random token and no change. Rates that
    differ between tokens give "salient masking" (Guu et al. 2020, section 3.4).

    Args:
        input_ids: (B, T)
        is_special: (B, T) bool; these are never chosen.
        rates: probability of being chosen; one for all, or (V,), one for each id.
        generator: source of all draws.
        mask_id: id of [MASK].
        vocab_size: V, the number of pieces.
        split: shares of [MASK], random token and unchanged token; they sum to 1.

    Returns:
        The ids that the model reads, and the labels with -100 at tokens that were not
        chosen; both (B, T).
    """
    rate = rates[input_ids] if isinstance(rates, Tensor) else rates
    u = torch.rand(input_ids.shape, generator=generator)
    return replace_chosen(
        input_ids,
        (u < rate) & ~is_special,
        u.div(rate),  # uniform in [0, 1) again, given that u < rate
        generator=generator,
        mask_id=mask_id,
        vocab_size=vocab_size,
        split=split,
    )


def find_first_pieces(is_candidate: Tensor, is_continuation: Tensor) -> Tensor:
    """Find where each piece's word begins: pieces with ## belong to the one before.

    Args:
        is_candidate: (B, T) bool; pieces that may be chosen.
        is_continuation: (B, T) bool; pieces with ##.

    Returns:
        (B, T) position of the first piece of the word; meaningless at pieces that are
        no candidates.
    """
    positions = torch.arange(is_candidate.shape[1]).expand(is_candidate.shape)
    is_first = is_candidate & ~is_continuation
    return positions.masked_fill(~is_first, 0).cummax(dim=1).values


def choose_exactly(
    is_candidate: Tensor,
    lengths: Tensor,
    *,
    generator: torch.Generator,
    mlm_probability: float = 0.15,
    max_predictions: int = 20,
    first_pieces: Tensor | None = None,
) -> Tensor:
    """Choose as many pieces a sequence as BERT's published code does.

    That is min(max_predictions, max(1, round(0.15 * length))), where the length counts
    [CLS] and [SEP]; the paper's "15 % of the positions" leaves these details open.

    Args:
        is_candidate: (B, T) bool; pieces that may be chosen.
        lengths: (B,) tokens of each sequence, special ones included, padding not.
        generator: source of all draws.
        mlm_probability: share of the length to be predicted.
        max_predictions: at most so many pieces a sequence.
        first_pieces: (B, T) where each piece's word begins; then whole words are
            chosen, in random order, and a word that would exceed the number is
            skipped. A sequence of long words may so get fewer, even none.

    Returns:
        (B, T) bool; the chosen pieces.
    """
    counts = (lengths.double() * mlm_probability).round().long()
    counts = counts.clamp(min=1).clamp(max=max_predictions)  # (B,)
    # each gets a draw below 1, and what may not be chosen 2.0, so it is sorted last
    order_key = torch.rand(is_candidate.shape, generator=generator)
    if first_pieces is None:
        order = order_key.masked_fill(~is_candidate, 2.0).argsort(dim=1)
        rank = order.argsort(dim=1)  # the inverse permutation
        return (rank < counts[:, None]) & is_candidate
    sizes = torch.zeros_like(first_pieces)  # a word's size, at its first piece
    sizes.scatter_add_(1, first_pieces, is_candidate.long())
    order = order_key.masked_fill(sizes == 0, 2.0).argsort(dim=1)
    is_taken = _fill_budget(sizes.gather(1, order), counts)
    is_taken = torch.zeros_like(is_candidate).scatter_(1, order, is_taken)
    return is_taken.gather(1, first_pieces) & is_candidate


def _fill_budget(sizes: Tensor, budget: Tensor) -> Tensor:
    """Take words from left to right, skipping those that no longer fit: (B, T) bool."""
    left = budget.clone()
    is_taken = torch.zeros_like(sizes, dtype=torch.bool)
    for i, size in enumerate(sizes.unbind(dim=1)):
        is_taken[:, i] = (size > 0) & (size <= left)
        left -= size * is_taken[:, i]
        if not left.any():
            break
    return is_taken


class Masker:
    """Hide tokens of batch after batch; [CLS], [SEP] and [PAD] are never chosen.

    [UNK] and every other token may be chosen, as in BERT's published code.

    Args:
        tokenizer: knows the special tokens and which pieces continue a word.
        mlm_probability: share of the tokens to be predicted.
        max_predictions: None flips a coin for each token; a number chooses exactly
            (see `choose_exactly`), at most so many a sequence.
        whole_word: choose all pieces of a word or none; each still gets its own draw
            between [MASK], random and unchanged.
        rates: probability of being chosen in place of `mlm_probability`; one for all,
            or (V,), one for each id. A whole word has the rate of its first piece.
        split: shares of [MASK], random token and unchanged token.
        seed: start of the random numbers.

    Raises:
        ValueError: a probability is outside 0 to 1, or options contradict each other.
    """

    def __init__(
        self,
        tokenizer: BertTokenizer,
        mlm_probability: float = 0.15,
        max_predictions: int | None = None,
        whole_word: bool = False,
        rates: float | Tensor | None = None,
        split: tuple[float, float, float] = (0.8, 0.1, 0.1),
        seed: int = 0,
    ) -> None:
        V = len(tokenizer)
        _check(V, mlm_probability, max_predictions, rates, split)
        self.mlm_probability = mlm_probability
        self.max_predictions = max_predictions
        self.whole_word = whole_word
        self.rates = mlm_probability if rates is None else rates
        self.split = split
        self.pad_id, self.mask_id = tokenizer.pad_id, tokenizer.mask_id
        self.vocab_size = V
        self.generator = torch.Generator().manual_seed(seed)
        self._is_special = torch.zeros(V, dtype=torch.bool)
        self._is_special[[tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id]] = True
        self._is_continuation = torch.tensor(
            [token.startswith("##") for token in tokenizer.id_to_token]
        )

    def __call__(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Mask one batch.

        Args:
            input_ids: (B, T), with [CLS] and [SEP]; padded with [PAD] on the right.

        Returns:
            The ids that the model reads, and the labels with -100 at tokens that were
            not chosen; both (B, T).
        """
        is_special = self._is_special[input_ids]
        if self.max_predictions is None and not self.whole_word:
            return mask_tokens(
                input_ids,
                is_special=is_special,
                rates=self.rates,
                generator=self.generator,
                mask_id=self.mask_id,
                vocab_size=self.vocab_size,
                split=self.split,
            )
        is_chosen = self._choose(input_ids, ~is_special)
        return replace_chosen(
            input_ids,
            is_chosen,
            torch.rand(input_ids.shape, generator=self.generator),
            generator=self.generator,
            mask_id=self.mask_id,
            vocab_size=self.vocab_size,
            split=self.split,
        )

    def _choose(self, input_ids: Tensor, is_candidate: Tensor) -> Tensor:
        """Choose by number, by word or both: (B, T) bool."""
        first_pieces = find_first_pieces(
            is_candidate, self._is_continuation[input_ids] & self.whole_word
        )
        if self.max_predictions is not None:
            return choose_exactly(
                is_candidate,
                (input_ids != self.pad_id).sum(dim=1),
                generator=self.generator,
                mlm_probability=self.mlm_probability,
                max_predictions=self.max_predictions,
                first_pieces=first_pieces if self.whole_word else None,
            )
        rate = self.rates[input_ids] if isinstance(self.rates, Tensor) else self.rates
        is_drawn = torch.rand(input_ids.shape, generator=self.generator) < rate
        return is_drawn.gather(1, first_pieces) & is_candidate

    @property
    def state(self) -> Tensor:
        """Give the state of the random numbers, a row of bytes; see `set_state`."""
        return self.generator.get_state()

    def set_state(self, state: Tensor) -> None:
        """Go on with the random numbers exactly where `state` was read."""
        self.generator.set_state(state)


def mask_statically(
    sequences: Sequence[Sequence[int]], masker: Masker, copies: int = 10
) -> Iterator[tuple[list[int], list[int]]]:
    """Give a corpus several times over, each time with masks that stay as they are.

    This is BERT's published way (its `dupe_factor`, 10 by default): with 40 epochs
    over 10 copies, each mask is seen four times.

    Args:
        sequences: ids with [CLS] and [SEP].
        masker: draws the masks.
        copies: how often each sequence comes.

    Yields:
        The ids that the model reads and their labels, -100 at tokens not chosen.
    """
    for _ in range(copies):
        for ids in sequences:
            masked_ids, labels = masker(torch.tensor([ids]))
            yield masked_ids[0].tolist(), labels[0].tolist()


def _check(
    V: int,
    mlm_probability: float,
    max_predictions: int | None,
    rates: float | Tensor | None,
    split: tuple[float, float, float],
) -> None:
    """Refuse choices that cannot be meant."""
    if not 0 < mlm_probability <= 1:
        raise UserError(
            f"mlm_probability must be above 0 and at most 1, got {mlm_probability}"
        )
    if len(split) != 3 or min(split) < 0 or abs(sum(split) - 1) > 1e-6:
        raise ValueError(f"split must be three shares that sum to 1, got {split}")
    if max_predictions is not None and max_predictions < 1:
        raise ValueError(f"max_predictions must be at least 1, got {max_predictions}")
    if max_predictions is not None and rates is not None:
        raise ValueError(
            "rates must be None when max_predictions is given, since a fixed number "
            "leaves no room for them; drop one of the two"
        )
    if rates is None:
        return
    values = torch.as_tensor(rates)
    if values.ndim and values.shape != (V,):
        raise ValueError(
            f"rates must be one number or {V}, one for each token, "
            f"got shape {tuple(values.shape)}"
        )
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            "rates must be between 0 and 1, "
            f"got {float(values.min())} to {float(values.max())}"
        )
