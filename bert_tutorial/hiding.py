"""Hide tokens once: draw which are to be predicted, and what stands in their place.

`mask_tokens` flips a coin for each token and hides those that it chose;
`replace_chosen` hides tokens that somebody else chose. `masking` does it for batch
after batch.

Chapter: 10
"""

import torch
from torch import Tensor

__all__ = ["mask_tokens", "replace_chosen"]


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
        vocab_size: V.
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
        vocab_size: V.
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
