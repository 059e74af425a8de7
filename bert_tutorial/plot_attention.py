"""A figure to turn: where each head of each layer looks.

It works without script and without a network; see `plot_html`.

Chapter: 6
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from bert_tutorial.plot_html import SCROLLING, HtmlFigure, choice, panels

__all__ = ["attention_explorer"]

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
        (f"layer {number + 1}, head {h + 1}", matrix)
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
