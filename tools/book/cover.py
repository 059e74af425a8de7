"""Draw the cover: the way of one sentence through the shipped model, with its numbers.

python tools/book/cover.py            writes book/_static/cover_light.svg and
cover_dark.svg
"""

from html import escape
from typing import NamedTuple

import torch

from bert_tutorial import BertForPreTraining, BertTokenizer
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.fill import fill_masks
from book_files import ROOT

TEXT = "The capital of France is [MASK]."
WIDTH, HEIGHT = 456, 590
LEFT, STEP, CELL = 14, 48, 44  # pixels: first column, from column to column, its width
COLOURS = {
    "light": {
        **{"ink": "#222832", "quiet": "#48566b", "line": "#75879a", "soft": "#eaf3f9"},
        **{"blue": "#005e94", "red": "#a33b00", "page": "#ffffff"},
    },
    "dark": {
        **{"ink": "#ced6dd", "quiet": "#9ca4af", "line": "#7488a0", "soft": "#1c2a38"},
        **{"blue": "#6cbcec", "red": "#f0955a", "page": "#14181e"},
    },
}


class Numbers(NamedTuple):
    """What the picture shows of one run of the model."""

    tokens: list[str]
    ids: list[int]
    entering: list[list[float]]  # first numbers of each token's vector
    leaving: list[list[float]]
    weights: list[float]  # row of [MASK] in the head that looks most at "france"
    answers: list[tuple[str, float]]


@torch.no_grad()
def run() -> Numbers:
    """Run the shipped model on the sentence."""
    folder = shipped_weights()
    model = BertForPreTraining.from_pretrained(folder).eval()
    tokenizer = BertTokenizer.from_vocab(folder / "vocab.txt")
    encoded = tokenizer.encode(TEXT)
    ids = torch.tensor([encoded.ids])
    output = model.bert(ids, output_attentions=True, output_hidden_states=True)
    mask, france = (encoded.tokens.index(token) for token in ("[MASK]", "france"))
    rows = output.attentions[-1][0, :, mask]  # (A, T)
    guesses = fill_masks(model, tokenizer, TEXT, top=2)[0]
    return Numbers(
        encoded.tokens,
        encoded.ids,
        output.hidden_states[0][0, :, :5].tolist(),
        output.hidden_states[-1][0, :, :5].tolist(),
        rows[rows[:, france].argmax()].tolist(),
        [(guess.token, guess.probability) for guess in guesses],
    )


def middle(column: int) -> int:
    """Return the middle of a column."""
    return LEFT + column * STEP + CELL // 2


def words(x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> str:
    """Write a line of text."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">'
        f"{escape(text)}</text>"
    )


def box(x: float, y: float, width: float, height: float, kind: str) -> str:
    """Draw a box with round corners."""
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect x="{x:g}" y="{y:g}" {size} rx="4" class="{kind}"/>'


def row_of_boxes(y: int, labels: list[str]) -> list[str]:
    """Draw one labelled box for each token."""
    parts = []
    for column, label in enumerate(labels):
        x = LEFT + column * STEP
        parts += [box(x, y, CELL, 24, "cell"), words(x + CELL / 2, y + 16, label)]
    return parts


def vectors(y: int, rows: list[list[float]]) -> list[str]:
    """Draw each token's vector as a stack: blue where positive, red where negative."""
    parts = []
    for column, row in enumerate(rows):
        for place, value in enumerate(row):
            share = min(1.0, 0.15 + abs(value) / 2)
            kind = "up" if value > 0 else "down"
            x, top = middle(column) - 14, y + 8 * place
            parts.append(
                f'<rect x="{x}" y="{top}" width="28" height="7" class="{kind}" '
                f'opacity="{share:.1f}"/>'
            )
    return parts


def arcs(y: int, numbers: Numbers) -> list[str]:
    """Draw where [MASK] takes from; the wider, the more."""
    start = middle(numbers.tokens.index("[MASK]"))
    parts = []
    for column, weight in enumerate(numbers.weights):
        end = middle(column)
        lift = y - 10 - abs(start - end) / 7
        parts.append(
            f'<path d="M{start} {y}Q{(start + end) / 2:g} {2 * lift - y:g} {end} {y}" '
            f'class="arc" stroke-width="{max(0.6, 7 * weight):.1f}"/>'
        )
    return parts


def layer(y: int, numbers: Numbers) -> list[str]:
    """Draw one layer: attention between the tokens, then each token by itself."""
    count = len(numbers.tokens)
    parts = [box(4, y, WIDTH - 8, 138, "layer")]
    parts.append(words(14, y + 18, "attention: each token takes from all", "", "start"))
    parts.append(words(WIDTH - 14, y + 18, "L layers", "strong", "end"))
    parts += arcs(y + 88, numbers)
    parts += [f'<circle cx="{middle(c)}" cy="{y + 88}" r="4"/>' for c in range(count)]
    for column in range(count):
        parts.append(box(middle(column) - 14, y + 98, 28, 12, "cell"))
    tail = "feed-forward: each token by itself"
    return [*parts, words(14, y + 128, tail, "", "start")]


def ending(y: int, numbers: Numbers) -> list[str]:
    """Draw the two heads and their answers."""
    mask = middle(numbers.tokens.index("[MASK]"))
    first = middle(0)
    (word, share), (other, rest) = numbers.answers
    return [
        words(210, y + 17, "heads", "quiet"),
        words(210, y + 48, "answers", "quiet"),
        f'<path d="M{first} {y - 20}v16M{mask} {y - 20}v16" class="arrow"/>',
        box(4, y, 152, 26, "head"),
        words(80, y + 17, "pair head"),
        box(WIDTH - 192, y, 188, 26, "head"),
        words(WIDTH - 98, y + 17, "word head"),
        words(80, y + 48, "does B follow A?"),
        words(WIDTH - 98, y + 48, f"{word} {share:.0%}", "strong"),
        words(WIDTH - 98, y + 66, f"{other} {rest:.1%}", "quiet"),
    ]


def draw(numbers: Numbers, colours: dict[str, str]) -> str:
    """Draw the whole picture in the colours of one mode."""
    label = [(18, "text"), (68, "pieces"), (126, "ids"), (184, "embeddings")]
    label += [(428, "one vector for each token")]
    parts = [words(14, y, text, "quiet", "start") for y, text in label]
    parts.append(words(WIDTH / 2, 40, TEXT, "text"))
    parts += row_of_boxes(76, numbers.tokens)
    parts += row_of_boxes(134, [str(one) for one in numbers.ids])
    parts += vectors(192, numbers.entering) + layer(250, numbers)
    parts += vectors(436, numbers.leaving) + ending(506, numbers)
    style = (
        "text{{font:11.5px system-ui,sans-serif;fill:{ink}}}.text{{font-size:16px}}"
        ".quiet{{fill:{quiet}}}.strong{{font-weight:700}}"
        ".cell{{fill:{soft};stroke:{line}}}.layer{{fill:none;stroke:{line}}}"
        ".head{{fill:{soft};stroke:{blue}}}.up{{fill:{blue}}}.down{{fill:{red}}}"
        "circle{{fill:{line}}}.arc{{fill:none;stroke:{blue};stroke-linecap:round}}"
        ".arrow{{stroke:{line};stroke-width:2}}"
    ).format(**colours)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}">\n<style>{style}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main() -> None:
    """Write both pictures."""
    numbers = run()
    for mode, colours in COLOURS.items():
        path = ROOT / "book" / "_static" / f"cover_{mode}.svg"
        path.write_text(draw(numbers, colours), encoding="utf-8", newline="\n")
        print(path.name)


if __name__ == "__main__":
    main()
