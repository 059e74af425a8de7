"""Drawings of part IV: chapters 19 to 23.

Chapter: 19
"""

from math import cos, sin

from bert_tutorial.course.drawings.kit import SMALL, Drawing, drawing


@drawing
def patching() -> Drawing:
    """Chapter 19: one vector of a run goes into another run."""
    art = Drawing(
        "Patching one vector",
        "Two runs, one above the other. The first reads: the capital of japan is MASK; "
        "the second reads: the capital of france is MASK. Below the tokens of each run "
        "stands its state 1, one vector for each token. The vector at japan in the "
        "first run goes by an arrow into the second run, in the place of the vector at "
        "france. The second run goes on from there, and its answer at MASK is asked: "
        "paris, as before, or tokyo.",
    )
    left, width, gap = 64, 55, 12
    columns = [left + i * (width + gap) for i in range(6)]

    def run(y: float, country: str, name: str) -> None:
        art.text(left - 6, y + 14, name, "", "end", SMALL)
        words = ["the", "capital", "of", country, "is", "[MASK]"]
        art.row(left, y, words, width, gap=gap, kinds="none")
        for x in columns:
            art.arrow((x + width / 2, y + 30), (x + width / 2, y + 46))
        art.text(left - 6, y + 62, "state 1", "quiet", "end", SMALL)

    kinds = ["plain"] * 3 + ["blue"] + ["plain"] * 2
    run(8, "japan", "run 1")
    first = art.row(left, 56, [""] * 6, width, gap=gap, kinds=kinds)
    run(126, "france", "run 2")
    second = art.row(left, 174, [""] * 6, width, gap=gap, kinds=kinds)
    start, end, between = first[3].bottom, second[3].left, columns[3] - gap / 2
    corners = ((start[0], 104.0), (between, 104.0), (between, end[1]))
    art.arrow(start, *corners, end, kind="blue")
    for box in second:
        art.arrow(box.bottom, (box.bottom[0], 220))
    whole = 6 * width + 5 * gap
    art.box(left, 222, whole, 28, "the rest of run 2", "quiet", size=SMALL)
    at = second[5].bottom[0]
    art.arrow((at, 250), (at, 268))
    art.text(at + width / 2, 282, "paris or tokyo?", "strong", "end", SMALL)
    return art


# Percent of a forward pass of BERT base, 15 % of the tokens predicted: text length ->
# feed-forward, projections, attention's two products, head. A test counts again.
PERCENT = {128: (62.3, 31.2, 2.6, 3.9), 512: (57.8, 28.9, 9.6, 3.7)}


@drawing
def where_operations_go() -> Drawing:
    """Chapter 20: the operations of a training step, by pass and by part."""
    art = Drawing(
        "Where the operations of a step go",
        "Above, a step in three equal strips: one forward, two backward, for the "
        "gradients of the inputs and of the weights. Below, the forward pass of BERT "
        "base as a strip cut by its parts. With 128 tokens: feed-forward 62.3 percent, "
        "projections 31.2, attention's two products 2.6, head 3.9. With 512 tokens: "
        "57.8, 28.9, 9.6 and 3.7.",
    )
    art.text(8, 14, "a training step", "strong", "start", SMALL)
    strips = (
        ("forward", "blue"),
        ("backward:\ninputs", ""),
        ("backward:\nweights", ""),
    )
    for number, (name, kind) in enumerate(strips):
        art.box(8 + number * 148, 28, 148, 46, name, kind or "plain", size=SMALL)
    art.line((8, 76), (8, 112), kind="off")
    art.line((156, 76), (452, 112), kind="off")
    for number, (length, parts) in enumerate(PERCENT.items()):
        y = 140 + number * 90
        art.text(
            8, y - 12, f"forward, {length} tokens a text", "strong", "start", SMALL
        )
        x = 8.0
        names = ("feed-forward", "projections", "", "")
        kinds = ("green", "blue", "red", "quiet")
        for name, kind, part in zip(names, kinds, parts, strict=True):
            text = f"{name}\n{part:.0f} %" if name else ""
            art.box(x, y, part * 4.44, 46, text, kind, size=SMALL)
            x += part * 4.44
        words = f"attention's products {parts[2]:g} %, head {parts[3]:g} %"
        art.text(452, y + 60, words, "red", "end", SMALL)
    return art


# The beginning of one sentence, "All human beings are born free", as the tokenizer of
# the package's English model cuts it. A test cuts it again.
PIECES = {
    "English": "all human being ##s are born",
    "German": "alle men ##sc ##he ##n sin",
    "Turkish": "but ##un ins ##an ##la ##r",
    "Chinese": "[UNK] [UNK] [UNK] [UNK] [UNK] [UNK]",
    "Thai": "[UNK]",
}
COUNTS = {"English": 37, "German": 66, "Turkish": 64, "Chinese": 43, "Thai": 3}


@drawing
def one_sentence_many_scripts() -> Drawing:
    """Chapter 21: what an English vocabulary makes of other languages."""
    art = Drawing(
        "One sentence, cut by an English vocabulary",
        "Five rows, the beginning of: all human beings are born free. English: all, "
        "human, being, ##s, are, born. German: alle, men, ##sc, ##he, ##n, sin. "
        "Turkish: but, ##un, ins, ##an, ##la, ##r. Chinese: six unknown pieces, one a "
        "character. Thai: one unknown piece for the whole clause. On the right the "
        "pieces of the whole article: 37, 66, 64, 43 and 3.",
    )
    art.text(76, 14, "first pieces", "quiet", "start", SMALL)
    art.text(452, 14, "in all", "quiet", "end", SMALL)
    for number, (language, text) in enumerate(PIECES.items()):
        y = 30 + number * 38
        pieces = text.split()
        art.text(8, y + 15, language, "strong", "start", SMALL)
        lost = pieces[0] == "[UNK]"
        if len(pieces) == 1:
            art.box(76, y, 328, 30, "[UNK]: the whole clause", "red", size=SMALL)
        else:
            kind = "red" if lost else "green" if language == "English" else "blue"
            art.row(76, y, pieces, 53, 30, 2, kind)
        count = str(COUNTS[language])
        art.text(452, y + 15, count, "red" if lost else "", "end", SMALL)
    words = "Red: nothing of the text is left, however few the pieces."
    art.text(8, 232, words, "quiet", "start", SMALL)
    return art


@drawing
def patches_and_words() -> Drawing:
    """Chapter 22: patches of a picture join the words in one encoder."""
    art = Drawing(
        "Words and patches in one sequence",
        "On the left, tokens of a text: each is looked up in the word table; position "
        "and type 0 are added. On the right a drawing of two rows of three patches: "
        "the numbers of each patch go through a linear map; its position in the "
        "picture and type 1 are added. Both are laid in one row of vectors, words "
        "first, and go through the same encoder, in which every one can attend to "
        "every other.",
    )
    art.text(110, 14, "text", "strong", size=SMALL)
    words = ["[CLS]", "the", "...", "[SEP]"]
    art.row(8, 64, words, 49, 30, 3, "blue")
    art.text(346, 14, "picture", "strong", size=SMALL)
    names = [["0", "1", "2"], ["3", "4", "5"]]
    art.grid(286, 30, names, [["green"] * 3] * 2, 40, 32)
    left = art.box(8, 124, 205, 30, "row of the word table", "blue", size=SMALL)
    right = art.box(243, 124, 206, 30, "linear map of its numbers", "green", size=SMALL)
    art.arrow((left.top[0], 96), left.top)
    art.arrow((right.top[0], 96), right.top)
    first = art.box(8, 172, 205, 30, "+ position + type 0", "quiet", size=SMALL)
    second = art.box(243, 172, 206, 30, "+ position + type 1", "quiet", size=SMALL)
    art.arrow(left.bottom, first.top)
    art.arrow(right.bottom, second.top)
    art.arrow(first.bottom, (first.bottom[0], 222))
    art.arrow(second.bottom, (second.bottom[0], 222))
    kinds = ["blue"] * 4 + ["green"] * 6
    row = art.row(8, 224, [*words, *"012345"], 41, 30, 3.4, kinds, size=SMALL)
    for box in row:
        art.arrow(box.bottom, (box.bottom[0], 272))
    art.box(8, 274, 441, 32, "the same encoder", "plain")
    told = "Every word can attend to every patch, and back."
    art.text(230, 324, told, "quiet", size=SMALL)
    return art


@drawing
def turned_pairs() -> Drawing:
    """Chapter 23: a query and a key, turned by their positions."""
    art = Drawing(
        "The same distance, the same angle",
        "Three clocks, each with a query's arrow and a key's arrow. In the first, "
        "without positions, there is a small angle between them. In the second, with "
        "the query at position 1 and the key at position 3, both are turned, the key "
        "further, so that the angle is larger. In the third, at positions 4 and 6, "
        "both are turned further, and the angle between them is that of the second.",
    )
    query, key, step = 0.2, 0.5, 0.45  # angles of the contents, and of a position
    clocks = ((None, None), (1, 3), (4, 6))
    for number, (at, to) in enumerate(clocks):
        x, y = 80 + number * 150, 92
        art.circle(x, y, "", 62)
        for angle, place, kind in ((query, at, "blue"), (key, to, "green")):
            turned = angle + step * (place or 0)
            end = (x + 54 * cos(turned), y - 54 * sin(turned))
            art.arrow((x, y), end, kind=kind)
        said = "no positions" if at is None else f"query at {at}"
        art.text(x, 174, said, "quiet" if at is None else "blue", size=SMALL)
        if to is not None:
            art.text(x, 194, f"key at {to}", "green", size=SMALL)
    art.text(230, 14, "one pair of numbers of a head", "quiet", size=SMALL)
    return art
