"""Questions about drawings, and what an answer rests on: the words or the picture.

A question is a caption with one word hidden. It is asked with its own drawing, without
any, and with another one; it is compared with what can be guessed from the words alone.
Where a model looks, the attention weights say; which patch its answer needs, hiding
patches says. The two can disagree.

Chapter: 22
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.labs.pictures.data import Pair, encode_pairs
from bert_tutorial.labs.pictures.drawings import (
    COLOURS,
    COLUMNS,
    Drawing,
    pixels_of,
    recoloured,
)
from bert_tutorial.labs.pictures.model import PictureBert
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "PictureAnswers",
    "PictureQuestion",
    "ask_pictures",
    "colour_questions",
    "follows_colour",
    "heads_that_point",
    "hiding_costs",
    "matching_accuracy",
    "one_patch",
    "patch_of",
    "text_alone_accuracy",
]


class PictureQuestion(NamedTuple):
    """A caption with [MASK], the hidden word, and the drawing that it is about."""

    text: str
    answer: str
    drawing: Drawing
    shape: str


class PictureAnswers(NamedTuple):
    """What a model says to some questions.

    Shapes: probabilities (Q, V); attention (Q, L, A, N), the weights from [MASK] to the
    patches; positions (Q,), where [MASK] stands. All are on the CPU.
    """

    probabilities: Tensor
    attention: Tensor
    positions: Tensor

    def right(self, tokenizer: BertTokenizer, words: Sequence[str]) -> Tensor:
        """Say of each question whether the likeliest word is this one: (Q,) bool."""
        truth = torch.tensor([tokenizer.vocab[word] for word in words])
        return self.probabilities.argmax(dim=-1) == truth


def colour_questions(drawings: Sequence[Drawing]) -> list[PictureQuestion]:
    """Ask for the colour of every thing: "there is a [MASK] circle."."""
    return [
        PictureQuestion(
            f"there is a [MASK] {one.shape}.", one.colour, drawing, one.shape
        )
        for drawing in drawings
        for one in drawing
    ]


def patch_of(question: PictureQuestion) -> int:
    """Give the number of the patch that holds the thing asked about."""
    one = next(one for one in question.drawing if one.shape == question.shape)
    return one.row * len(COLUMNS) + one.column


@torch.no_grad()
def ask_pictures(
    model: PictureBert,
    tokenizer: BertTokenizer,
    questions: Sequence[PictureQuestion],
    drawings: Sequence[Drawing] | None = None,
    patch_mask: Tensor | None = None,
) -> PictureAnswers:
    """Answer questions, in eval mode.

    Args:
        model: is left in eval mode.
        tokenizer: of the captions.
        questions: Q of them.
        drawings: shown in place of each question's own.
        patch_mask: (Q, N), 0 where a patch is hidden; None for none.

    Returns:
        See PictureAnswers.
    """
    drawings = drawings or [one.drawing for one in questions]
    ids, mask = pad([tokenizer.encode(q.text).ids for q in questions], tokenizer.pad_id)
    pixels = torch.stack([pixels_of(drawing) for drawing in drawings])
    if patch_mask is not None:
        patch_mask = patch_mask.to(model.device)
    output = model.eval()(
        ids.to(model.device),
        mask.to(model.device),
        pixels=pixels.to(model.device),
        patch_mask=patch_mask,
        output_attentions=True,
    )
    rows = torch.arange(len(ids))
    positions = (ids == tokenizer.mask_id).byte().argmax(dim=1)  # the first [MASK]
    weights = torch.stack(output.attentions, dim=1)  # (Q, L, A, T + N, T + N)
    return PictureAnswers(
        output.prediction_logits[rows, positions].softmax(dim=-1).cpu(),
        weights[rows, :, :, positions, ids.shape[1] :].cpu(),
        positions,
    )


def text_alone_accuracy(
    train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]
) -> float:
    """Give the share of questions that can be answered without looking.

    The answer to a text is the one that it had most often in training; a text that was
    never seen gets the most frequent answer of all. Ties go to the first seen.

    Args:
        train: (text with [MASK], hidden word) of training captions.
        test: the same of the questions.

    Returns:
        0 to 1.
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for text, answer in train:
        seen[text][answer] += 1
    overall = Counter(answer for _, answer in train)
    right = 0
    for text, answer in test:
        counts = seen.get(text, overall)
        right += counts.most_common(1)[0][0] == answer
    return right / len(test)


def follows_colour(
    model: PictureBert, tokenizer: BertTokenizer, questions: Sequence[PictureQuestion]
) -> tuple[float, float]:
    """Repaint the drawings and see whether the answers follow.

    Returns:
        The share of answers that are the new colour, when the thing asked about is
        painted in each of the three others; and the share that stay, when another
        thing is.
    """
    asked, repainted, other, kept = [], [], [], []
    for one in questions:
        for colour in COLOURS:
            if colour != one.answer:
                asked.append(one._replace(answer=colour))
                repainted.append(recoloured(one.drawing, one.shape, colour))
        second = next(x for x in one.drawing if x.shape != one.shape)
        colour = next(c for c in COLOURS if c != second.colour)
        kept.append(one)
        other.append(recoloured(one.drawing, second.shape, colour))
    shares = []
    for group, drawings in ((asked, repainted), (kept, other)):
        answers = ask_pictures(model, tokenizer, group, drawings)
        right = answers.right(tokenizer, [one.answer for one in group])
        shares.append(right.float().mean().item())
    return shares[0], shares[1]


@torch.no_grad()
def matching_accuracy(
    model: PictureBert,
    tokenizer: BertTokenizer,
    pairs: Sequence[Pair],
    labels: Sequence[int],
    blind: bool = False,
) -> float:
    """Give the share of pairs of which the model says rightly whether they fit.

    Args:
        model: is left in eval mode.
        tokenizer: of the captions.
        pairs: drawings and captions.
        labels: 0 where they fit, 1 where they do not.
        blind: hide all patches.
    """
    batch = encode_pairs(tokenizer, pairs)
    batch = {name: values.to(model.device) for name, values in batch.items()}
    output = model.eval()(
        batch["input_ids"],
        batch["attention_mask"],
        pixels=batch["pixels"],
        patch_mask=batch["patch_mask"] * (not blind),
    )
    guesses = output.seq_relationship_logits.argmax(dim=-1).cpu()
    return (guesses == torch.tensor(labels)).float().mean().item()


N = 6  # patches in a drawing


def one_patch(questions: Sequence[PictureQuestion]) -> Tensor:
    """Mark the patch with the thing that each question is about: (Q, N), 1 there."""
    marked = torch.zeros(len(questions), N, dtype=torch.long)
    marked[torch.arange(len(questions)), [patch_of(one) for one in questions]] = 1
    return marked


def hiding_costs(
    model: PictureBert, tokenizer: BertTokenizer, questions: Sequence[PictureQuestion]
) -> Tensor:
    """Hide each patch in turn; see what that takes from the right answer.

    Returns:
        (Q, N): the probability of the right word with all patches seen, minus that
        without the patch.
    """
    rows = torch.arange(len(questions))
    truth = torch.tensor([tokenizer.vocab[one.answer] for one in questions])
    seen = torch.ones(len(questions), N, dtype=torch.long)
    whole = ask_pictures(model, tokenizer, questions).probabilities[rows, truth]
    costs = []
    for patch in range(N):
        mask = seen.clone()
        mask[:, patch] = 0
        answers = ask_pictures(model, tokenizer, questions, patch_mask=mask)
        costs.append(whole - answers.probabilities[rows, truth])
    return torch.stack(costs, dim=1)


def heads_that_point(
    answers: PictureAnswers, questions: Sequence[PictureQuestion]
) -> Tensor:
    """Say how often each head gives its largest weight to the right patch.

    Returns:
        (L, A): the share of the questions where, of all patches, [MASK] takes most from
        the one with the thing that is asked about.
    """
    right = one_patch(questions).argmax(dim=1)[:, None, None]
    return (answers.attention.argmax(dim=-1) == right).float().mean(dim=0)
