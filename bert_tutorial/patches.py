"""From pixels to vectors: cut a picture into patches, project them, say where they are.

Chapter: 22
"""

from torch import Tensor, nn

from bert_tutorial.config import BertConfig

__all__ = ["PatchEmbeddings", "patchify"]


def patchify(pixels: Tensor, size: int) -> Tensor:
    """Cut pictures into square patches, row by row, and lay each out as one vector.

    Args:
        pixels: (B, 3, h, w), h and w multiples of `size`.
        size: pixels along the side of a patch.

    Returns:
        (B, N, 3 * size * size), N = (h / size) * (w / size): of each patch all its
        reds, row by row, then its greens, then its blues.

    Raises:
        ValueError: if a side is no multiple of `size`.
    """
    B, colours, height, width = pixels.shape
    if height % size or width % size:
        raise ValueError(
            f"height and width must be multiples of {size}, got {height} and {width}"
        )
    rows, columns = height // size, width // size
    cut = pixels.view(B, colours, rows, size, columns, size)
    cut = cut.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, 3, size, size)
    return cut.reshape(B, rows * columns, colours * size * size)


class PatchEmbeddings(nn.Module):
    """Project patches to H numbers, add their place and their type, normalise.

    The places are a table of their own, with one row for each cell of the grid. The
    type is row 1 of the text's own table, whose row 0 the words have.
    """

    def __init__(self, config: BertConfig, patch_values: int, num_patches: int) -> None:
        """Make projection, table of places and norm."""
        super().__init__()
        H = config.hidden_size
        self.projection = nn.Linear(patch_values, H)
        self.position_embeddings = nn.Embedding(num_patches, H)
        self.layer_norm = nn.LayerNorm(H, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, patches: Tensor, token_types: nn.Embedding) -> Tensor:
        """Embed patches.

        Args:
            patches: (B, N, patch_values)
            token_types: the text's table of types, two rows or more.

        Returns:
            (B, N, H)
        """
        summed = self.projection(patches)  # (B, N, H)
        summed = summed + self.position_embeddings.weight[: patches.shape[1]]
        summed = summed + token_types.weight[1]
        embedded: Tensor = self.dropout(self.layer_norm(summed))
        return embedded
