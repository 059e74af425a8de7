"""Exercise: cut pictures into patches.

Chapter: 22
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.pictures.model import patchify

STUB = '''
def patchify(pixels: Tensor, size: int) -> Tensor:
    """Cut pictures into square patches, row by row, and lay each out as one vector.

    (B, 3, h, w) -> (B, N, 3 * size * size), N = (h / size) * (w / size). A vector has
    all reds of its patch, row by row, then its greens, then its blues. Of a picture
    with h = 2, w = 4 and the reds [[1, 2, 3, 4], [5, 6, 7, 8]], the first patch of
    size 2 begins with 1, 2, 5, 6, the second with 3, 4, 7, 8. A side that is no
    multiple of size is a ValueError.
    """
    raise NotAttempted
'''


def by_unfold(pixels: Tensor, size: int) -> Tensor:
    """Let torch cut."""
    if pixels.shape[2] % size or pixels.shape[3] % size:
        raise ValueError("sides must be multiples of the size")
    return F.unfold(pixels, size, stride=size).transpose(1, 2)


def by_loops(pixels: Tensor, size: int) -> Tensor:
    """Cut patch by patch."""
    _, _, height, width = pixels.shape
    if height % size or width % size:
        raise ValueError("sides must be multiples of the size")
    return torch.stack(
        [
            pixels[:, :, top : top + size, left : left + size].flatten(1)
            for top in range(0, height, size)
            for left in range(0, width, size)
        ],
        dim=1,
    )


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Pictures that are wider than high, and one whose width does not fit."""
    torch.manual_seed(seed)
    counted = torch.arange(24, dtype=dtype).view(1, 3, 2, 4) + 1
    return [
        Case((counted, 2), "one picture of 2 x 4 pixels, size 2"),
        Case((torch.randn(2, 3, 4, 6, dtype=dtype), 2), "4 x 6 pixels, size 2"),
        Case((torch.randn(2, 3, 8, 12, dtype=dtype), 4), "8 x 12 pixels, size 4"),
        Case((torch.randn(1, 3, 4, 5, dtype=dtype), 2), "4 x 5 pixels, size 2"),
        Case((torch.randn(1, 3, 5, 4, dtype=dtype), 2), "5 x 4 pixels, size 2"),
        Case((torch.randn(1, 3, 6, 3, dtype=dtype), 3), "6 x 3 pixels, size 3"),
    ]


MISTAKES = """
height and width swapped:
- rows, columns = (height // size, width // size) =>
| rows, columns = (width // size, height // size)
- pixels.view => pixels.reshape
    Height and width are swapped: the picture is cut as if it were w high and h wide.
    Axis 2 is the height, axis 3 the width.
patches by columns: permute(0, 2, 4, 1, 3, 5) => permute(0, 4, 2, 1, 3, 5)
    The patches are right and their order is not: they run down the columns. Row by row
    means that the column changes fastest.
patches transposed: permute(0, 2, 4, 1, 3, 5) => permute(0, 2, 4, 1, 5, 3)
    Inside each patch rows and columns are swapped: a triangle lies on its side. The
    pixel's row comes before its column.
colours last: permute(0, 2, 4, 1, 3, 5) => permute(0, 2, 4, 3, 5, 1)
    Each pixel's red, green and blue come side by side. All reds of the patch come
    first: the colour's axis comes before those of the pixels.
only reshaped: cut = cut.permute(0, 2, 4, 1, 3, 5) =>
    The shape is right, but no axis was moved, so that a vector has stripes from all
    over the picture. Split both sides, then permute, then join.
numbers before patches: colours * size * size) => colours * size * size).mT
    The last two axes are swapped: (B, N, numbers) is asked for.
rest cut off: … => h, w = pixels.shape[2] // size * size, pixels.shape[3] // size * size
|     return right(pixels[:, :, :h, :w], size)
    A picture whose side is no multiple of the size is cut off silently. Raise
    ValueError: something that should be seen would be lost.
overlapping: … => right(pixels, size)
|     return F.unfold(pixels, size).transpose(1, 2)
    The patches overlap: each begins one pixel behind the last. Go on by `size`, as with
    stride=size.
only the height asked for: if height % size or width % size => if height % size
    A width that is no multiple of size is not refused in words of your own. Ask for
    both sides.
"""

EXERCISE = Exercise(
    id="patchify",
    chapter=22,
    title="Cut pictures into patches",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=patchify,
    accepted={"unfold": by_unfold, "loops": by_loops},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Split each side in two: which patch, and which pixel in it. Then sort the "
        "six axes.",
        "view(B, 3, rows, size, columns, size); the axes wanted are batch, rows, "
        "columns, colour, pixel row, pixel column.",
        "permute(0, 2, 4, 1, 3, 5), then reshape(B, rows * columns, 3 * size * size).",
    ),
)
