"""Write what the BERT on the page needs: its weights, and a picture without scripts.

    python tools/book/browser_model.py    writes mini_world.js and still.html into
                                          book/_static/bert

`mini_world.js` holds the shipped weights in half precision, as base64 in a classic
script: unlike a file that a script fetches, it also loads where the page was opened
from a disk. `still.html` is what the page shows without scripts: one answer with its
bars and arcs, and a table of the example sentences.
"""

import base64
import json
from html import escape
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial import BertForPreTraining, BertTokenizer
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.fill import fill_masks
from book_files import ROOT

FOLDER = ROOT / "book" / "_static" / "bert"
# The buttons above the sentence. The world has no Norway: there the model babbles.
CHIPS = {
    "France": "The capital of France is [MASK].",
    "Japan": "In Japan people speak [MASK].",
    "Gold": "The symbol of gold is [MASK].",
    "Duck": "The duck [MASK].",
    "Poland": "The currency of Poland is the [MASK].",
    "Norway": "The capital of Norway is [MASK].",
}
TOP = 5  # answers shown


def encode(values: Tensor, form: str) -> bytes:
    """Give the bytes of a tensor, little-endian, row by row.

    Args:
        values: (N,) or (N, M).
        form: "double", "half", or "byte": there each row of a matrix is a scale
            (float32) and whole numbers from -127 to 127, and a vector is as in "half".
    """
    if form == "double":
        return values.double().numpy().astype("<f8").tobytes()
    if form == "half" or values.dim() == 1:
        return values.half().numpy().astype("<f2").tobytes()
    rows = []
    for row in values:
        scale = (row.abs().max() / 127).clamp(min=1e-12)
        whole = (row / scale).round().to(torch.int8)
        rows.append(scale.numpy().astype("<f4").tobytes() + whole.numpy().tobytes())
    return b"".join(rows)


def entry(
    model: PreTrained, tokenizer: BertTokenizer, form: str = "half"
) -> dict[str, object]:
    """Gather what `Bert.unpack` reads: sizes, vocabulary, names, shapes and bytes."""
    tensors = dict(model.named_parameters())  # the table that is tied stands once
    data = b"".join(encode(tensor.detach(), form) for tensor in tensors.values())
    keys = (
        *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
        *("intermediate_size", "max_position_embeddings", "hidden_act"),
        "layer_norm_eps",
    )
    values = model.config.to_dict()
    return {
        "config": {key: values[key] for key in keys},
        "vocabulary": tokenizer.id_to_token,
        "format": form,
        "tensors": [[name, list(tensor.shape)] for name, tensor in tensors.items()],
        "data": base64.b64encode(data).decode("ascii"),
    }


def script(name: str, values: dict[str, object], about: str) -> str:
    """Write an entry as a classic script that adds it to `bertWeights`."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return (
        f"// {about}\n(globalThis.bertWeights ??= {{}})[{json.dumps(name)}] = {text};\n"
    )


class Still(NamedTuple):
    """What the picture without scripts shows: the first example."""

    tokens: list[str]
    head: tuple[int, int]  # layer and head that look most at the country
    weights: list[float]  # row of [MASK] in that head
    answers: list[tuple[str, float]]


@torch.no_grad()
def still(model: BertForPreTraining, tokenizer: BertTokenizer) -> Still:
    """Run the model on the first example."""
    text = next(iter(CHIPS.values()))
    encoded = tokenizer.encode(text)
    output = model.bert(torch.tensor([encoded.ids]), output_attentions=True)
    mask, subject = (encoded.tokens.index(one) for one in ("[MASK]", "france"))
    rows = torch.stack([layer[0, :, mask] for layer in output.attentions])  # (L, A, T)
    layer, head = divmod(int(rows[:, :, subject].argmax()), rows.shape[1])
    guesses = fill_masks(model, tokenizer, text, top=TOP)[0]
    answers = [(one.token, one.probability) for one in guesses]
    return Still(encoded.tokens, (layer, head), rows[layer, head].tolist(), answers)


# Pixels: a token, the line of the tokens, a bar, and how far up an arc may reach.
STEP, BASE, BAR, HIGHEST = 72, 92, 26, 84


def picture(one: Still) -> str:
    """Draw the arcs above the tokens and the bars below; the page gives the colours."""
    middle = [STEP * index + STEP // 2 for index in range(len(one.tokens))]
    start, parts = middle[one.tokens.index("[MASK]")], []
    reach = max(abs(start - end) for end in middle)
    for end, weight in zip(middle, one.weights, strict=True):
        top = BASE - 14 - (HIGHEST - 14) * abs(start - end) / reach
        parts.append(
            f'<path class="bert-arc" d="M{start} {BASE - 14}Q{(start + end) / 2:g} '
            f'{2 * top - BASE + 14:.4g} {end} {BASE - 14}" '
            f'stroke-width="{max(0.5, 8 * weight):.1f}"/>'
        )
    for x, token in zip(middle, one.tokens, strict=True):
        parts.append(f'<text x="{x}" y="{BASE + 4}">{escape(token)}</text>')
    width = STEP * len(one.tokens)
    for number, (word, share) in enumerate(one.answers):
        y = BASE + 30 + BAR * number
        length = max(2.0, share * (width - 260))
        parts += [
            f'<text class="bert-end" x="100" y="{y + 14}">{escape(word)}</text>',
            f'<rect class="bert-bar" x="110" y="{y}" width="{length:.0f}" '
            'height="18"/>',
            f'<text class="bert-start" x="{120 + length:.0f}" y="{y + 14}">'
            f"{percent(share)}</text>",
        ]
    height = BASE + 40 + BAR * len(one.answers)
    word, share = one.answers[0]
    told = (
        f"The sentence {next(iter(CHIPS.values()))} as the model reads it. The widest "
        "arc leads from [MASK] to france. The first answer is "
        f"{word}, {percent(share)}."
    )
    return (
        f'<svg class="bert-still" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(told)}">' + "".join(parts) + "</svg>"
    )


def percent(share: float) -> str:
    """Write a probability as the page does."""
    if share < 0.005:
        return "under 1%"
    return f"{share:.0%}" if share < 0.995 else "over 99%"


def table(model: BertForPreTraining, tokenizer: BertTokenizer) -> str:
    """Write the examples with their first answers."""
    rows = []
    for text in CHIPS.values():
        first, second = fill_masks(model, tokenizer, text, top=2)[0]
        rows.append(
            f"<tr><td>{escape(text)}</td><td>{escape(first.token)} "
            f"{percent(first.probability)}</td><td>{escape(second.token)} "
            f"{percent(second.probability)}</td></tr>"
        )
    head = "<tr><th>sentence</th><th>first answer</th><th>second</th></tr>"
    return (
        f'<table class="table bert-table"><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def fragment(model: BertForPreTraining, tokenizer: BertTokenizer) -> str:
    """Write the box: what it shows without scripts, and what the script begins with."""
    one = still(model, tokenizer)
    chips = escape(json.dumps(CHIPS), quote=True)
    return (
        f'<div class="bert-panel" data-panel="live" data-head="{one.head[0]}.'
        f'{one.head[1]}" data-chips="{chips}">\n'
        '<div class="bert-without">\n<p>A still picture, and the answers of the model '
        "to six sentences. With scripts on, you can edit them here.</p>\n"
        f"{picture(one)}\n"
        f"{table(model, tokenizer)}\n</div>\n</div>\n"
    )


def shipped() -> tuple[BertForPreTraining, BertTokenizer]:
    """Load the model that comes with the package."""
    folder = shipped_weights()
    model = BertForPreTraining.from_pretrained(folder).eval()
    return model, BertTokenizer.from_vocab(folder / "vocab.txt")


def files() -> dict[str, str]:
    """Give the text of each file by its name."""
    model, tokenizer = shipped()
    about = (
        "The weights of the mini-world model, which the book's own code pretrained, in "
        "half precision. Written by tools/book/browser_model.py."
    )
    return {
        "mini_world.js": script("mini-world", entry(model, tokenizer), about),
        "still.html": fragment(model, tokenizer),
    }


def main() -> None:
    """Write the files."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
        print(name, f"{len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
