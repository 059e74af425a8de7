"""Which held-out texts a model has been trained on after all.

Chapter: 24
"""

from collections.abc import Sequence

__all__ = ["shared_texts"]


def shared_texts(train: Sequence[str], held_out: Sequence[str]) -> int:
    """Count the held-out texts that stand in training, too.

    Two texts are the same if they differ only in case and spacing. A text that is held
    out twice counts twice, since it is scored twice.

    Args:
        train: texts that a model learns from.
        held_out: texts that it is judged on.

    Returns:
        From 0 to len(held_out).
    """
    known = {" ".join(text.casefold().split()) for text in train}
    return sum(" ".join(text.casefold().split()) in known for text in held_out)
