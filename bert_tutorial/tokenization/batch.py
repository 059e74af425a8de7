"""Texts to the batch that a model reads: cut, padded, as lists or tensors.

What `BertTokenizer.__call__` does, with the options and results of transformers.

Chapter: 3
Used from: 1
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Protocol

__all__ = ["Batch", "encode_batch"]

PADDING = (False, True, "longest", "max_length", "do_not_pad")
TRUNCATION = (
    False,
    True,
    "longest_first",
    "only_first",
    "only_second",
    "do_not_truncate",
)


class Batch(dict[str, Any]):
    """input_ids, token_type_ids, attention_mask: by key, or as attributes.

    Lists of ids, or tensors (B, T); a model takes them as `model(**batch)`.
    """

    def __getattr__(self, name: str) -> Any:
        """Give an entry as an attribute."""
        try:
            return self[name]
        except KeyError:
            entries = ", ".join(self)
            raise AttributeError(f"a batch has no {name}, only {entries}") from None

    def to(self, device: Any) -> "Batch":
        """Move all tensors to a device."""
        return Batch({name: value.to(device) for name, value in self.items()})


class Encoded(Protocol):
    """What is asked of an encoding: lists of the same length."""

    @property
    def ids(self) -> list[int]:
        """The token ID of each token."""
        ...

    @property
    def type_ids(self) -> list[int]:
        """The segment of each token."""
        ...

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """(start, end) of each token in its text."""
        ...


class Encodes(Protocol):
    """What is asked of a tokenizer."""

    pad_id: int
    cls_id: int
    sep_id: int
    max_length: int | None

    def encode(
        self, text: str, pair: str | None = None, add_special_tokens: bool = True
    ) -> Encoded:
        """Encode a text or a pair."""
        ...


def _check_choices(padding: Any, truncation: Any, return_tensors: Any) -> None:
    _check_choice("padding", padding, PADDING)
    _check_choice("truncation", truncation, TRUNCATION)
    _check_choice("return_tensors", return_tensors, (None, "pt", "np"))


def encode_batch(
    tokenizer: Encodes,
    text: str | Sequence[str] | Sequence[tuple[str, str]],
    text_pair: str | Sequence[str] | None = None,
    *,
    add_special_tokens: bool = True,
    padding: bool | str = False,
    truncation: bool | str | None = None,
    max_length: int | None = None,
    pad_to_multiple_of: int | None = None,
    return_tensors: str | None = None,
    return_token_type_ids: bool = True,
    return_attention_mask: bool = True,
    return_offsets_mapping: bool = False,
    return_special_tokens_mask: bool = False,
    **others: Any,
) -> Batch:
    """Encode a text or a list of texts; cut and pad them as asked.

    Args:
        tokenizer: makes the pieces.
        text: a text, a list of texts, or a list of (text, second text).
        text_pair: the second text of each.
        add_special_tokens: put [CLS] and [SEP] around the texts.
        padding: False; True or "longest": to the longest of the batch; "max_length".
        truncation: False; True or "longest_first": the longer text of a pair loses
            pieces first; "only_first", "only_second". None: True if there is a
            max_length and no word of padding.
        max_length: tokens with [CLS] and [SEP]; None: what the model reads at most.
        pad_to_multiple_of: pad on to a multiple of this.
        return_tensors: None: lists; "pt": torch; "np": numpy; both of shape (B, T).
        return_token_type_ids: whether to give them.
        return_attention_mask: whether to give it.
        return_offsets_mapping: also give (start, end) of each token in its text.
        return_special_tokens_mask: also give 1 for each added token.
        others: must be empty; an option of transformers that is not offered is named.

    Returns:
        input_ids and the rest: one list for a text, a list of lists for a list.

    Raises:
        ValueError: an option is unknown, has no sense, or texts of unlike length are
            to be one tensor.
    """
    _refuse_others(others)
    is_one, texts, pairs = _pairs_of(text, text_pair)
    if truncation is None:
        truncation = max_length is not None and padding is False
    _check_choices(padding, truncation, return_tensors)
    cuts = truncation not in (False, "do_not_truncate")
    if cuts or padding == "max_length":
        max_length = _longest(tokenizer, max_length)
    limit = max_length if cuts else None
    rows = [
        _frame(tokenizer, one, two, add_special_tokens, limit, truncation)
        for one, two in zip(texts, pairs, strict=True)
    ]
    width = _width([len(row["input_ids"]) for row in rows], padding, max_length)
    width = _rounded_up(width, pad_to_multiple_of)
    for row in rows:
        _pad(row, width, tokenizer.pad_id)
    names = ["input_ids"]
    names += ["token_type_ids"] * return_token_type_ids
    names += ["attention_mask"] * return_attention_mask
    names += ["special_tokens_mask"] * return_special_tokens_mask
    names += ["offset_mapping"] * return_offsets_mapping
    return _batch(rows, names, return_tensors, is_one)


def _rounded_up(width: int, multiple: int | None) -> int:
    return -(-width // multiple) * multiple if multiple else width


def _batch(
    rows: list[dict[str, Any]], names: list[str], kind: str | None, is_one: bool
) -> Batch:
    if kind is not None:
        return _tensors(rows, names, kind)
    if is_one:
        return Batch({name: rows[0][name] for name in names})
    return Batch({name: [row[name] for row in rows] for name in names})


def _refuse_others(others: dict[str, Any]) -> None:
    """Name an option of transformers that is not offered; False asks for nothing."""
    if asked := [name for name, value in others.items() if value]:
        raise ValueError(
            f"{asked[0]} is not offered here; the options are those in the "
            "documentation of encode_batch, and windows of long texts are made by "
            "bert_tutorial.tasks.windows"
        )


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r:.60}")


def _pairs_of(
    text: Any, text_pair: Any
) -> tuple[bool, list[str], list[str] | list[None]]:
    """Bring texts, pairs and lists of both into two lists; say if it was one text."""
    is_one = isinstance(text, str)
    if not isinstance(text, Iterable):  # such as the NaN of an empty cell
        raise ValueError(f"text must be a text or a list of texts, got {text!r:.60}")
    texts: list[Any] = [text] if is_one else list(text)
    pairs: list[Any] = [None] * len(texts)
    if text_pair is not None:
        if isinstance(text_pair, str) is not is_one:
            raise ValueError("text and text_pair must both be a text or both a list")
        pairs = [text_pair] if is_one else list(text_pair)
    elif texts and all(
        isinstance(one, tuple | list) and len(one) == 2 for one in texts
    ):
        texts, pairs = ([one[i] for one in texts] for i in (0, 1))
    if len(pairs) != len(texts):
        raise ValueError(
            f"text and text_pair must be of the same length, got {len(texts)} and "
            f"{len(pairs)}"
        )
    for one in [*texts, *(pair for pair in pairs if pair is not None)]:
        if not isinstance(one, str):
            raise ValueError(
                "text must be a text, a list of texts or a list of pairs of texts, "
                f"got {one!r:.60} in it"
            )
    return is_one, texts, pairs


def _longest(tokenizer: Encodes, max_length: int | None) -> int:
    """Give the length asked for, or that of the model."""
    length = tokenizer.max_length if max_length is None else max_length
    if length is None:
        raise ValueError(
            "max_length must be given: the tokenizer's files do not say how many "
            "tokens the model reads"
        )
    return length


def _frame(
    tokenizer: Encodes,
    text: str,
    pair: str | None,
    add_special_tokens: bool,
    max_length: int | None,
    truncation: bool | str,
) -> dict[str, list[Any]]:
    """Encode one text or pair, cut to a length, with [CLS] and [SEP] around it."""
    first = tokenizer.encode(text, add_special_tokens=False)
    parts = [list(zip(first.ids, first.offsets, strict=True))]
    if pair:
        second = tokenizer.encode(pair, add_special_tokens=False)
        parts.append(list(zip(second.ids, second.offsets, strict=True)))
    if max_length is not None:
        room = max_length - (1 + len(parts)) * add_special_tokens
        lengths = _cut([len(part) for part in parts], room, truncation)
        parts = [part[:length] for part, length in zip(parts, lengths, strict=True)]
    row: dict[str, list[Any]] = {
        "input_ids": [],
        "token_type_ids": [],
        "special_tokens_mask": [],
        "offset_mapping": [],
    }
    for number, part in enumerate(parts):
        before = [(tokenizer.cls_id, (0, 0))] if number == 0 else []
        after = [(tokenizer.sep_id, (0, 0))]
        if not add_special_tokens:
            before = after = []
        tokens = [*before, *part, *after]
        row["input_ids"] += [i for i, _ in tokens]
        row["offset_mapping"] += [span for _, span in tokens]
        row["token_type_ids"] += [number] * len(tokens)
        row["special_tokens_mask"] += (
            [1] * len(before) + [0] * len(part) + [1] * len(after)
        )
    row["attention_mask"] = [1] * len(row["input_ids"])
    return row


def _cut(lengths: list[int], room: int, truncation: bool | str) -> list[int]:
    """Say how many pieces of each text stay, as `tokenizers` decides it.

    Raises:
        ValueError: there is no room, or the text that is to be cut is too short.
    """
    if room < 0:
        raise ValueError("max_length must leave room for [CLS] and [SEP]")
    surplus = sum(lengths) - room
    if surplus <= 0:
        return lengths
    if room == 0:
        return [0] * len(lengths)
    if truncation in ("only_first", "only_second"):
        which = 0 if truncation == "only_first" else 1
        if which >= len(lengths) or lengths[which] <= surplus:
            raise ValueError(
                f"truncation {truncation!r} cannot take {surplus} pieces off; take "
                "longest_first, or a larger max_length"
            )
        cut = list(lengths)
        cut[which] -= surplus
        return cut
    if len(lengths) == 1:
        return [room]
    shorter = min(lengths)
    if 2 * shorter <= room:  # the longer text alone is cut
        kept = (shorter, room - shorter)
    else:  # both to the half, the longer one keeps the odd piece
        kept = (room // 2, room - room // 2)
    return list(kept) if lengths[0] <= lengths[1] else [kept[1], kept[0]]


def _width(lengths: list[int], padding: bool | str, max_length: int | None) -> int:
    """Say how many tokens a row is to have at least."""
    if padding == "max_length" and max_length is not None:
        return max_length
    return max(lengths, default=0) if padding in (True, "longest") else 0


def _pad(row: dict[str, list[Any]], width: int, pad_id: int) -> None:
    """Fill a row up."""
    missing = width - len(row["input_ids"])
    for name, filler in (
        ("input_ids", pad_id),
        ("token_type_ids", 0),
        ("attention_mask", 0),
        ("special_tokens_mask", 1),
        ("offset_mapping", (0, 0)),
    ):
        row[name] += [filler] * missing


def _tensors(rows: list[dict[str, list[Any]]], names: list[str], kind: str) -> Batch:
    """Make one tensor of each entry."""
    if len({len(row["input_ids"]) for row in rows}) > 1:
        raise ValueError(
            "texts of unlike length make no tensor; pass padding=True, and "
            "truncation=True where some are too long"
        )
    # torch takes seconds to load, and a tokenizer alone does not need it
    library = import_module("torch" if kind == "pt" else "numpy")
    make = library.tensor if kind == "pt" else library.array
    return Batch({name: make([row[name] for row in rows]) for name in names})
