"""How often each language of a shared vocabulary and model is drawn.

Chapter: 21
"""

from collections.abc import Sequence

__all__ = ["sampling_weights"]


def sampling_weights(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Give each language its share of the draws.

    Shares of the text are raised to a power and divided by their sum (Devlin, README of
    multilingual BERT, 2018; Lample and Conneau 2019, section 3.1). An exponent of 1
    leaves them as they are, 0 draws all languages alike.

    Args:
        counts: how much text each language has, in any unit.
        exponent: from 0 to 1.

    Returns:
        Shares that sum to 1.

    Raises:
        ValueError: a count is not above 0, or the exponent is not from 0 to 1.

    >>> [round(share, 3) for share in sampling_weights([1000, 1], exponent=0.7)]
    [0.992, 0.008]
    """
    if not counts or min(counts) <= 0:
        raise ValueError(f"counts must all be above 0, got {list(counts)}")
    if not 0 <= exponent <= 1:
        raise ValueError(f"exponent must be from 0 to 1, got {exponent}")
    total = sum(counts)
    powers = [(count / total) ** exponent for count in counts]
    return [power / sum(powers) for power in powers]
