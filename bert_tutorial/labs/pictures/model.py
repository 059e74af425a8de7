"""One encoder for words and patches: the tokens of both stand in one sequence.

A picture is cut into patches, each projected to a vector and told where it is.

Chapter: 22
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from bert_tutorial.model.bert import initialise
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import (
    BertForPreTraining,
    PretrainingLoss,
    PreTrainingOutput,
    losses_of,
)
from bert_tutorial.training.loop import PRETRAINING

__all__ = ["PatchEmbeddings", "PictureBert", "patchify"]


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
    """Project patches to H numbers, add their position and their type, normalise.

    The positions are a table of their own, with one row for each cell of the grid. The
    type is row 1 of the text's own table, whose row 0 the words have.
    """

    def __init__(self, config: BertConfig, patch_values: int, num_patches: int) -> None:
        """Make projection, table of positions and norm."""
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


class PictureBert(BertForPreTraining):
    """BERT with both pretraining heads, and patches behind the words.

    Encoder, tables and heads are BERT's; new is `patches`. Without a picture it *is*
    BERT. The second head answers whether the caption fits the picture: 0 it does, 1 it
    does not. A text model's folder can be loaded into it: only `patches` starts anew.

    Args:
        config: all sizes; type_vocab_size 2 or more.
        patch_size: pixels along the side of a patch.
        num_patches: N, patches in a picture.
    """

    _optional = (*BertForPreTraining._optional, "patches.")  # type: ignore[assignment]

    def __init__(
        self, config: BertConfig, patch_size: int = 4, num_patches: int = 6
    ) -> None:
        """Make BERT, and the patches' embeddings with initial weights."""
        super().__init__(config)
        if config.type_vocab_size < 2:
            raise ValueError(
                "type_vocab_size must be 2 or more, one for words and one for "
                f"patches, got {config.type_vocab_size}"
            )
        self.patch_size = patch_size
        self.patches = PatchEmbeddings(config, 3 * patch_size**2, num_patches)
        initialise(self.patches, config)

    def embed(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None,
        token_type_ids: Tensor | None,
        pixels: Tensor,
        patch_mask: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Put words and patches into one sequence: (B, T + N, H), and its mask."""
        words = self.bert.embeddings(input_ids, token_type_ids)  # (B, T, H)
        types = self.bert.embeddings.token_type_embeddings
        ink = 1.0 - pixels  # white paper is 0
        seen = self.patches(patchify(ink, self.patch_size), types)  # (B, N, H)
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if patch_mask is None:
            patch_mask = attention_mask.new_ones(seen.shape[:2])
        is_token = torch.cat([attention_mask.bool(), patch_mask.bool()], dim=1)
        return torch.cat([words, seen], dim=1), is_token

    def encode(
        self,
        embedded: tuple[Tensor, Tensor],
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """Run what `embed` gives through encoder and pooler.

        Returns:
            Last states (B, T + N, H), the pooler's vectors (B, H), all states, all
            attention weights; the last two as far as they were asked for.
        """
        last, states, attentions = self.bert.encoder(
            *embedded, output_attentions, output_hidden_states
        )
        assert self.bert.pooler is not None
        return last, self.bert.pooler(last), states, attentions

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        next_sentence_label: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        pixels: Tensor | None = None,
        patch_mask: Tensor | None = None,
    ) -> PreTrainingOutput:
        """Score words at every position of the text, and whether the caption fits.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            labels: (B, T) ids of the hidden words, -100 where nothing is scored.
            next_sentence_label: (B,), 0 = fits, 1 = does not.
            output_attentions: also return attention weights, (B, A, T + N, T + N).
            output_hidden_states: also return the vectors, (B, T + N, H).
            pixels: (B, 3, h, w); None for a text alone.
            patch_mask: (B, N), 1 for a patch that is seen, 0 for one that is hidden;
                None for all seen.

        Returns:
            See PreTrainingOutput; prediction_logits are (B, T, V).
        """
        if pixels is None:
            return super().forward(
                input_ids,
                attention_mask,
                token_type_ids,
                labels,
                next_sentence_label,
                output_attentions,
                output_hidden_states,
            )
        last, pooled, states, attentions = self.encode(
            self.embed(input_ids, attention_mask, token_type_ids, pixels, patch_mask),
            output_attentions,
            output_hidden_states,
        )
        loss = None
        if labels is not None and next_sentence_label is not None:
            loss = losses_of(self, last, pooled, labels, next_sentence_label).loss
        return PreTrainingOutput(
            self.cls.predictions(last[:, : input_ids.shape[1]]),
            self.cls.seq_relationship(pooled),
            loss,
            tuple(states) if output_hidden_states else None,
            tuple(attentions) if output_attentions else None,
        )


def picture_loss(model: PictureBert, batch: Mapping[str, Tensor]) -> PretrainingLoss:
    """Compute both losses of a batch.

    Args:
        model: the model.
        batch: input_ids, attention_mask, labels, next_sentence_label (-100: not
            asked), pixels and patch_mask.

    Returns:
        See PretrainingLoss.
    """
    batch = {name: values.to(model.device) for name, values in batch.items()}
    embedded = model.embed(
        batch["input_ids"],
        batch["attention_mask"],
        None,
        batch["pixels"],
        batch["patch_mask"],
    )
    last, pooled, _, _ = model.encode(embedded)
    # the words come first, so a label's position in the text is its position here
    return losses_of(
        model,
        last,
        pooled,
        batch["labels"],
        batch["next_sentence_label"],
    )


def _means(model: PictureBert, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give both losses by name."""
    part = picture_loss(model, batch)
    return {"masked_lm": part.masked_lm, "next_sentence": part.next_sentence}


PICTURES = replace(PRETRAINING, means=_means)
