"""Batches of drawings with captions: hidden words, and captions that do not fit.

Half of a batch's rows ask for hidden words of a true caption, the other half whether a
caption fits. No row does both: if words were hidden only where the caption fits, every
[MASK] would give the answer away.

Chapter: 22
"""

from collections.abc import Iterator, Sequence
from random import Random

import torch
from torch import Tensor

from bert_tutorial.labs.pictures.drawings import (
    CONTENT_WORDS,
    Caption,
    Drawing,
    Fact,
    draw_drawing,
    facts_of,
    is_held_out,
    pixels_of,
    write_caption,
)
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["Pair", "PictureBatches", "choose_negatives", "draw_pairs"]

NOISE = 0.05  # standard deviation, on every number of a pixel

Pair = tuple[Drawing, Caption]


def draw_pairs(number: int, random: Random, held_out: bool = False) -> list[Pair]:
    """Draw drawings, each with a caption.

    Args:
        number: how many.
        random: source of all choices.
        held_out: take drawings for tests only, or only others.
    """
    pairs: list[Pair] = []
    while len(pairs) < number:
        drawing = draw_drawing(random)
        if is_held_out(drawing) == held_out:
            pairs.append((drawing, write_caption(drawing, random)))
    return pairs


def choose_negatives(
    facts: Sequence[frozenset[Fact]],
    claims: Sequence[frozenset[Fact]],
    random: Random,
) -> list[int]:
    """Choose for each caption a drawing of which it is not true.

    Every caption is used, once: shown with its own drawing and with the chosen one, it
    is right as often as wrong, so that its words alone say nothing.

    Args:
        facts: what is true of each drawing.
        claims: what each caption says.
        random: chooses evenly among the drawings that a caption does not fit.

    Returns:
        One number of a drawing for each caption.

    Raises:
        ValueError: if a caption is true of all drawings.
    """
    chosen = []
    for number, claimed in enumerate(claims):
        others = [i for i, true in enumerate(facts) if not claimed <= true]
        if not others:
            raise ValueError(f"caption {number} must be false of a drawing, got none")
        chosen.append(random.choice(others))
    return chosen


class PictureBatches:
    """Endless batches of training pairs, new ones each time.

    Args:
        tokenizer: of the captions.
        seed: of all draws.
        rows: B, a multiple of 4.
        content_rate: share of the content words that are hidden.
        other_rate: the same of other words.
        blind_share: share of the rows with hidden words whose picture is hidden, so
            that the model learns what to say without one.
    """

    def __init__(
        self,
        tokenizer: BertTokenizer,
        seed: int = 0,
        rows: int = 48,
        content_rate: float = 0.4,
        other_rate: float = 0.05,
        blind_share: float = 0.1,
    ) -> None:
        if rows < 4 or rows % 4:
            raise ValueError(f"rows must be a multiple of 4, got {rows}")
        self.tokenizer = tokenizer
        self.rows = rows
        self.blind_share = blind_share
        self.random = Random(seed)
        self.generator = torch.Generator().manual_seed(seed)
        rates = torch.full((len(tokenizer),), other_rate)
        rates[[tokenizer.vocab[word] for word in CONTENT_WORDS]] = content_rate
        self.masker = Masker(tokenizer, rates=rates, seed=seed)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        while True:
            yield self.draw()

    def state_dict(self) -> dict[str, int | Tensor]:
        """Give the position: the three generators, Python's as its numbers.

        Its spare draw of `gauss` is not among them: no choice here is a normal one.
        """
        return {
            "random": torch.tensor(self.random.getstate()[1]),
            "noise": self.generator.get_state(),
            "masks": self.masker.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Go to a position."""
        given = {key: torch.as_tensor(value) for key, value in state.items()}
        version = self.random.getstate()[0]
        self.random.setstate((version, tuple(given["random"].tolist()), None))
        self.generator.set_state(given["noise"])
        self.masker.generator.set_state(given["masks"])

    def draw(self) -> dict[str, Tensor]:
        """Make one batch: B / 2 rows with hidden words, B / 4 true pairs, B / 4 false.

        Returns:
            input_ids, attention_mask and labels (B, T); next_sentence_label (B,), 0
            fits, 1 does not, -100 not asked; pixels (B, 3, h, w); patch_mask (B, N).
        """
        half, quarter = self.rows // 2, self.rows // 4
        pairs = draw_pairs(half + quarter, self.random)
        asked = pairs[half:]
        facts = [facts_of(drawing) for drawing, _ in pairs]
        claims = [caption.claims for _, caption in asked]
        partners = choose_negatives(facts, claims, self.random)
        wrong = [(pairs[i][0], asked[n][1]) for n, i in enumerate(partners)]
        batch = encode_pairs(self.tokenizer, [*pairs, *wrong], self.generator)
        ids, labels = self.masker(batch["input_ids"][:half])
        batch["labels"] = torch.full_like(batch["input_ids"], -100)
        batch["labels"][:half], batch["input_ids"][:half] = labels, ids
        relation = torch.tensor([-100, 0, 1])
        batch["next_sentence_label"] = relation.repeat_interleave(
            torch.tensor([half, quarter, quarter])
        )
        is_blind = torch.rand(half, generator=self.generator) < self.blind_share
        batch["patch_mask"][:half][is_blind] = 0
        return batch


def encode_pairs(
    tokenizer: BertTokenizer,
    pairs: Sequence[Pair],
    generator: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """Encode captions and paint drawings, all patches seen."""
    texts = [tokenizer.encode(caption.text).ids for _, caption in pairs]
    ids, mask = pad(texts, tokenizer.pad_id)
    pixels = torch.stack([pixels_of(drawing) for drawing, _ in pairs])
    if generator is not None:
        pixels += NOISE * torch.randn(pixels.shape, generator=generator)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "pixels": pixels,
        "patch_mask": torch.ones(len(pairs), 6, dtype=torch.long),
    }
