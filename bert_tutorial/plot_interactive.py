"""Figures to turn: how a word is cut, what masking hides, where attention looks.

All of them work without script and without a network; see `plot_html`. The last one,
`attention_explorer`, is made in `plot_attention`.

Chapter: 3
"""

from collections.abc import Container, Sequence
from html import escape
from typing import NamedTuple

from bert_tutorial.plot_attention import attention_explorer
from bert_tutorial.plot_html import HtmlFigure, choice, panels, table
from bert_tutorial.wordpiece import MAX_WORD_LENGTH

__all__ = ["Trial", "attention_explorer", "masking_draws", "trials", "wordpiece_steps"]


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
            f"word must have 1 to {MAX_WORD_LENGTH} characters, got {len(word)}"
        )
    looks: list[Trial] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            looks.append(Trial(start, end, piece, piece in vocabulary))
            if looks[-1].found:
                break
        if not looks[-1].found:
            break
        start = looks[-1].end
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
        raise ValueError(f"each draw must have {len(tokens)} tokens and marks")
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
