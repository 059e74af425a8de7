"""Draw a counter-example: the reader's numbers beside the expected ones.

Chapter: 0
"""

import torch
from torch import Tensor

__all__ = ["side_by_side"]

LIMIT = 6  # rows and columns that fit a page


def side_by_side(got: Tensor, expected: Tensor) -> str:
    """Print the first slice that differs, twice; a star marks what differs.

    Args:
        got: of any shape, cut to its last two axes.
        expected: of the same shape.

    Returns:
        Lines of text, or nothing where the tensors have no such shape.
    """
    if got.shape != expected.shape or got.dim() == 0 or got.numel() == 0:
        return ""
    size = got.shape[-2:] if got.dim() > 1 else (1, *got.shape)
    a, b = got.reshape(-1, *size).double(), expected.reshape(-1, *size).double()
    wrong = ~torch.isclose(
        a, b, rtol=1e-5, atol=1e-5, equal_nan=True
    )  # (n, rows, cols)
    index = int(wrong.flatten(1).any(1).int().argmax())
    a, b, wrong = a[index], b[index], wrong[index]
    # start at the first row and column that differ, if the whole does not fit
    top = min(int(wrong.any(1).int().argmax()), max(0, size[0] - LIMIT))
    left = min(int(wrong.any(0).int().argmax()), max(0, size[1] - LIMIT))
    window = (slice(top, top + LIMIT), slice(left, left + LIMIT))
    a, b, wrong = a[window], b[window], wrong[window]
    mine = [" ".join(cell(x, w) for x, w in row) for row in paired(a, wrong)]
    other = [" ".join(cell(x, False) for x in row) for row in b.tolist()]
    width = max(len("yours"), *(len(line) for line in mine))
    lines = [f"{'yours':<{width}}   expected"]
    lines += [f"{x:<{width}}   {y}" for x, y in zip(mine, other, strict=True)]
    return "\n".join(lines)


def paired(values: Tensor, marks: Tensor) -> list[list[tuple[float, bool]]]:
    """Put each number beside its mark."""
    return [
        list(zip(row, mark, strict=True))
        for row, mark in zip(values.tolist(), marks.tolist(), strict=True)
    ]


def cell(value: float, is_wrong: bool) -> str:
    """Write a number in nine characters."""
    return f"{value:8.3g}{'*' if is_wrong else ' '}"
