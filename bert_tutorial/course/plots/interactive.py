"""Figures to turn: how a word is cut, what masking hides, where attention looks.

All of them work without script and without a network; see `html`.

Chapter: 3
"""

from collections.abc import Container, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from bert_tutorial.course.plots.html import SCROLLING, HtmlFigure, choice, panels, table
from bert_tutorial.tokenization.wordpiece import MAX_WORD_LENGTH, match_pieces

__all__ = ["Trial", "attention_explorer", "masking_draws", "trials", "wordpiece_steps"]

_MATRIX_STYLE = """
FIG td{background:color-mix(in srgb,var(--bt-fill) calc(var(--w)*1%),transparent);
min-width:30px}
FIG thead th{writing-mode:vertical-rl;transform:rotate(180deg);padding:6px 2px}
FIG tbody th{text-align:right}
FIG tbody tr:hover{outline:2px dashed var(--bt-line)}
"""


def attention_explorer(
    tokens: Sequence[str], attentions: Sequence[Any], chosen: tuple[int, int] = (0, 0)
) -> HtmlFigure:
    """Show the weights of every head of every layer: choose a head, then a token.

    Each head is a table of shares in percent, queries down and keys across; the row
    of the chosen token is marked, and so is a row under the mouse.

    Args:
        tokens: T tokens.
        attentions: for each layer the weights of one text, (A, T, T) or (1, A, T, T),
            as a model gives them with `output_attentions=True`.
        chosen: the layer and the head that are shown at first, counted from 0.

    Raises:
        ValueError: if the shapes do not fit the tokens.
    """
    layers = [np.asarray(one, dtype=float) for one in attentions]
    layers = [one[0] if one.ndim == 4 and len(one) == 1 else one for one in layers]
    size = len(tokens)
    for one in layers:
        if one.ndim != 3 or one.shape[1:] != (size, size):
            raise ValueError(
                f"attentions must be (A, {size}, {size}) for {size} tokens, "
                f"got {one.shape}; give the weights of one text"
            )
    heads = [
        (f"layer {number}, head {h}", matrix)
        for number, layer in enumerate(layers)
        for h, matrix in enumerate(layer)
    ]
    first = sum(len(layer) for layer in layers[: chosen[0]]) + chosen[1]
    shown, rules = panels("h", [_matrix(tokens, *head) for head in heads])
    marks = ",".join(f"FIG:has(.bt-in-q{i}:checked) .bt-r{i}" for i in range(size))
    names = [f"{token} ({i})" for i, token in enumerate(tokens)]
    return HtmlFigure(
        "Attention, by layer, head and token",
        choice("h", "Head", [name for name, _ in heads], first)
        + choice("q", "Token that looks", names)
        + shown,
        f"{_MATRIX_STYLE}{rules}\n{marks}{{outline:2px solid var(--bt-mark)}}",
        "\n\n".join(_matrix_words(tokens, *head) for head in heads),
    )


def _percent(row: np.ndarray) -> list[int]:
    """Round shares to whole percent."""
    return [round(100 * float(share)) for share in row]


def _matrix(tokens: Sequence[str], name: str, matrix: np.ndarray) -> str:
    """Write one head as a table whose cells are coloured by their share."""
    top = "".join(f'<th scope="col">{escape(token)}</th>' for token in tokens)
    rows = "".join(
        f'<tr class="bt-r{i}"><th scope="row">{escape(token)}</th>'
        + "".join(f'<td style="--w:{share}">{share}</td>' for share in _percent(row))
        + "</tr>\n"
        for i, (token, row) in enumerate(zip(tokens, matrix, strict=True))
    )
    caption = f"{name}: percent that the token at the left takes from the one above"
    return (
        f"{SCROLLING}<table><caption>{caption}</caption><thead><tr>"
        f'<th scope="col">from</th>{top}</tr></thead><tbody>\n{rows}</tbody></table>'
        "</div>"
    )


def _matrix_words(tokens: Sequence[str], name: str, matrix: np.ndarray) -> str:
    """Say for each token of a head which token it takes most from."""
    lines = [
        f"{token} takes {max(_percent(row))} % from {tokens[int(row.argmax())]}"
        for token, row in zip(tokens, matrix, strict=True)
    ]
    return "\n".join([f"{name}:", *lines])


class _Watched(Container[str]):
    """A vocabulary that writes down what was looked for, and whether it is there."""

    def __init__(self, vocabulary: Container[str]) -> None:
        self.vocabulary = vocabulary
        self.looks: list[tuple[str, bool]] = []

    def __contains__(self, piece: object) -> bool:
        """Look, and write it down."""
        found = piece in self.vocabulary
        self.looks.append((str(piece), found))
        return found


class Trial(NamedTuple):
    """One look into the vocabulary: a stretch of the word, and was it there."""

    start: int
    end: int
    piece: str
    found: bool


def trials(word: str, vocabulary: Container[str]) -> list[Trial]:
    """List every look that cutting a word into its longest pieces takes.

    Args:
        word: a normalized word of at most 100 characters.
        vocabulary: the pieces; those that do not begin a word are written "##piece".

    Raises:
        ValueError: if the word is empty or longer; it would be [UNK] without a look.
    """
    if not 0 < len(word) <= MAX_WORD_LENGTH:
        raise ValueError(
            f"word must have 1 to {MAX_WORD_LENGTH} characters, got {len(word)}; "
            "split the text into words first"
        )
    watched = _Watched(vocabulary)
    match_pieces(word, watched)
    looks: list[Trial] = []
    start = 0
    for piece, found in watched.looks:
        end = start + len(piece) - (2 if start else 0)  # without "##"
        looks.append(Trial(start, end, piece, found))
        start = end if found else start
    return looks


def wordpiece_steps(word: str, vocabulary: Container[str]) -> HtmlFigure:
    """Show look by look how a word is cut into the longest pieces there are.

    Args:
        word: a normalized word, see `trials`.
        vocabulary: the pieces.

    Raises:
        ValueError: if the word is empty or has more than 100 characters.
    """
    looks = trials(word, vocabulary)
    said = [_verdict(word, look) for look in looks]
    bodies = []
    for look, text in zip(looks, said, strict=True):
        letters = "".join(
            f'<span class="bt-letter{_state(look, place)}">{escape(letter)}</span>'
            for place, letter in enumerate(word)
        )
        bodies.append(f'<p aria-hidden="true">{letters}</p><p>{escape(text)}</p>')
    shown, rules = panels("s", bodies)
    pieces = [look.piece for look in looks if look.found]
    result = " ".join(pieces) if looks[-1].found else "[UNK]"
    numbers = [str(i + 1) for i in range(len(looks))]
    rows = [(i, look.piece, _yes(look)) for i, look in zip(numbers, looks, strict=True)]
    every = table(("look", "piece", "in the vocabulary"), rows)
    return HtmlFigure(
        f"How {word} is cut into pieces, look by look",
        choice("s", f"{word}: look number", numbers)
        + f"{shown}<details><summary>All looks, and the result: {escape(result)}"
        f"</summary>{every}</details>",
        "FIG .bt-letter{display:inline-block;min-width:22px;text-align:center;"
        "border:1px solid var(--bt-line);font-size:18px}"
        "FIG .bt-done{border-style:dotted}" + rules,
        "\n".join([*said, f"result: {result}"]),
    )


def _yes(look: Trial) -> str:
    """Say whether the piece was there."""
    return "yes" if look.found else "no"


def _state(look: Trial, place: int) -> str:
    """Name the class of a letter: cut off already, looked at, or still to come."""
    if place < look.start:
        return " bt-done"
    return " bt-on" if place < look.end else ""


def _verdict(word: str, look: Trial) -> str:
    """Say what a look showed and what follows."""
    if not look.found:
        last = look.end - look.start == 1
        after = "the word is [UNK]" if last else "one letter less"
    else:
        after = "the word is cut" if look.end == len(word) else "go on behind it"
    there = "is" if look.found else "is not"
    return f"{look.piece} {there} in the vocabulary: {after}."


def masking_draws(
    tokens: Sequence[str], draws: Sequence[tuple[Sequence[str], Sequence[bool]]]
) -> HtmlFigure:
    """Show several draws of masking for the same text, one at a time.

    Args:
        tokens: T tokens of the text.
        draws: for each draw the T tokens that the model reads, and for each of them
            whether it was chosen, so that the model has to say the original.

    Raises:
        ValueError: if a draw does not fit the tokens.
    """
    if any(len(part) != len(tokens) for draw in draws for part in draw):
        raise ValueError(
            f"each draw must have {len(tokens)} tokens and marks; "
            "draw from these tokens"
        )
    bodies, words = [], []
    for number, (read, is_chosen) in enumerate(draws, 1):
        rows = [
            (token, seen, _fate(token, seen), token)
            if chosen
            else (token, seen, "", "")
            for token, seen, chosen in zip(tokens, read, is_chosen, strict=True)
        ]
        count = sum(is_chosen)
        caption = f"draw {number}: {count} of {len(tokens)} tokens chosen"
        head = ("text", "the model reads", "what happened", "it has to say")
        body = table(head, rows, caption)
        bodies.append(body)
        fates = [f"{row[0]}: {row[2]}" for row in rows if row[2]]
        words.append("; ".join([caption, *fates]))
    shown, rules = panels("d", bodies)
    numbers = [str(i + 1) for i in range(len(draws))]
    style = "FIG td:nth-child(3){color:var(--bt-mark);font-weight:700}" + rules
    name = "Draws of masking, one at a time"
    return HtmlFigure(
        name, choice("d", "Draw", numbers) + shown, style, "\n".join(words)
    )


def _fate(token: str, seen: str) -> str:
    """Name what masking did to a chosen token."""
    if seen == "[MASK]":
        return "hidden"
    return "left as it is" if seen == token else "replaced"
