"""Tag words with a model that reads pieces.

Chapter: 15
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForTokenClassification
from bert_tutorial.tasks.fit import check_finite, length_batches
from bert_tutorial.tasks.tagging.bio import (
    best_legal_tags,
    spans_to_tags,
    tags_to_spans,
)
from bert_tutorial.tasks.tagging.windows import encode_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["predict_tags", "word_scores"]


@torch.no_grad()
def word_scores(
    model: BertForTokenClassification,
    tokenizer: BertTokenizer,
    sentences: Sequence[Sequence[str]],
    *,
    max_length: int | None = None,
    stride: int | None = None,
    batch_size: int = 64,
) -> list[Tensor]:
    """Score every tag for every word.

    Args:
        model: with C labels; it is put into eval mode.
        tokenizer: its tokenizer.
        sentences: the words of each.
        max_length: pieces of a window; None is all that the model has positions for.
        stride: pieces from one window to the next; None is half of what fits.
        batch_size: windows at a time.

    Returns:
        The logits (words, C) of each sentence.

    Raises:
        UserError: if a sentence has no words, or `max_length` is out of range.
    """
    positions = model.config.max_position_embeddings
    max_length = positions if max_length is None else max_length
    if max_length > positions:
        raise UserError(
            f"max_length must be at most {positions}, the positions of the model, "
            f"got {max_length}"
        )
    model.eval()
    device = next(model.parameters()).device
    scores = [torch.zeros(len(words), model.config.num_labels) for words in sentences]
    windows = [
        (number, window)
        for number, words in enumerate(sentences)
        for window in encode_words(
            tokenizer, words, None, [], max_length=max_length, stride=stride
        )
    ]
    examples = [window.example for _, window in windows]
    dealt = length_batches(examples, batch_size, device, tokenizer.pad_id)
    for numbers, batch in dealt:
        logits = model(**batch).logits.float().cpu()  # (B, T, C)
        check_finite(logits)
        for row, index in zip(logits, numbers, strict=True):
            number, window = windows[index]
            scores[number][window.words] = row[window.places]
    return scores


def predict_tags(
    model: BertForTokenClassification,
    tokenizer: BertTokenizer,
    sentences: Sequence[Sequence[str]],
    names: Sequence[str],
    *,
    max_length: int | None = None,
    stride: int | None = None,
    batch_size: int = 64,
    legal: bool = True,
) -> list[list[str]]:
    """Tag sentences.

    Args:
        model: with one label a name; it is put into eval mode.
        tokenizer: its tokenizer.
        sentences: the words of each.
        names: the tags in the order of their numbers.
        max_length: pieces of a window; None is all that the model has positions for.
        stride: pieces from one window to the next; None is half of what fits.
        batch_size: windows at a time.
        legal: give the best legal sequence; else the best tag of each word alone,
            which may be none. A model with an I- whose B- it does not know was trained
            in IOB1, where a span may begin with I-: its tags are then read as that
            form has them, and given in IOB2.

    Returns:
        One tag a word, for each sentence.

    Raises:
        UserError: if the model has another number of labels, or as `word_scores`.
    """
    if model.config.num_labels != len(names):
        raise UserError(
            f"names must have the model's {model.config.num_labels} labels, "
            f"got {len(names)}: {', '.join(names)}"
        )
    scores = word_scores(
        model,
        tokenizer,
        sentences,
        max_length=max_length,
        stride=stride,
        batch_size=batch_size,
    )
    if legal and not is_of_iob1(names):
        return [best_legal_tags(one, names) for one in scores]
    tags = [[names[i] for i in one.argmax(dim=-1).tolist()] for one in scores]
    if legal:
        tags = [spans_to_tags(tags_to_spans(one), len(one)) for one in tags]
    return tags


def is_of_iob1(names: Sequence[str]) -> bool:
    """Tell whether some spans can only begin with I- (as in the data of CoNLL-2003)."""
    return any(f"B-{name[2:]}" not in names for name in names if name[:2] == "I-")
