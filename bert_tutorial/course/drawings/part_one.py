"""Drawings of part I, the model: chapters 2 to 9.

Chapter: 5
"""

from bert_tutorial.course.drawings.kit import SMALL, Drawing, drawing


@drawing
def three_tables() -> Drawing:
    """Chapter 5: each token's vector is a sum of three rows."""
    art = Drawing(
        "Three tables, one sum",
        "Seven tokens of a pair of texts, from left to right: CLS, emma, eats, SEP, "
        "leo, works, SEP. Below each token stand three cells: the row of the word "
        "table that its token ID names; the row of the position table, 0 to 6; and the "
        "row of the segment table, 0 for the first four tokens and 1 for the others. "
        "The three rows are added. LayerNorm and dropout follow, and one vector leaves "
        "for each token.",
    )
    tokens = ["[CLS]", "emma", "eats", "[SEP]", "leo", "works", "[SEP]"]
    ids = ["2", "96", "153", "3", "110", "263", "3"]
    left, width, gap = 78, 52, 2
    middles = [left + i * (width + gap) + width / 2 for i in range(7)]

    def line(y: float, name: str, texts: list[str], kind: str) -> None:
        art.text(left - 8, y + 14, name, kind, "end", SMALL)
        art.row(left, y, texts, width, gap=gap, kinds=kind or "plain")

    line(8, "token", tokens, "")
    for x in middles:
        art.arrow((x, 38), (x, 54))
    line(56, "word", ids, "blue")
    line(108, "position", list("0123456"), "green")
    line(160, "segment", list("0000111"), "red")
    for x in middles:
        art.text(x, 96, "+", "strong")
        art.text(x, 148, "+", "strong")
        art.arrow((x, 190), (x, 208))
    line(210, "sum", [""] * 7, "")
    for x in middles:
        art.arrow((x, 240), (x, 256))
    art.box(left, 258, 7 * (width + gap) - gap, 30, "LayerNorm, then dropout", "quiet")
    for x in middles:
        art.arrow((x, 290), (x, 306))
    line(308, "vector", [""] * 7, "")
    art.text(left, 352, "A number names a row of its table.", "quiet", "start", SMALL)
    return art


@drawing
def three_roles() -> Drawing:
    """Chapter 6: query, key and value are made from one vector."""
    art = Drawing(
        "One vector, three roles",
        "The vector of the token dog goes through three learned matrices. The first "
        "makes its query, what the token looks for; the second its key, what it is "
        "found by; the third its value, what it passes on.",
    )
    vector = art.box(8, 66, 82, 44, "vector\nof dog")
    rows = (
        ("query", "what it looks for", "blue"),
        ("key", "what it is found by", "green"),
        ("value", "what it passes on", "red"),
    )
    for number, (name, words, kind) in enumerate(rows):
        y = 8 + number * 58
        matrix = art.box(132, y, 66, 44, "matrix", "quiet")
        made = art.box(234, y, 64, 44, name, kind)
        corner = 111.0
        middle = matrix.left[1]
        if middle == vector.right[1]:
            art.arrow(vector.right, matrix.left)
        else:
            start = vector.right
            art.arrow(start, (corner, start[1]), (corner, middle), matrix.left)
        art.arrow(matrix.right, made.left)
        art.text(310, middle, words, "quiet", "start", SMALL)
    return art


def down_to_the_value(art: Drawing, x: float) -> None:
    """Join the rows of one key: from its product to its weighted value."""
    for top, foot in ((130, 148), (180, 198), (230, 248)):
        art.arrow((x, top), (x, foot))
    art.line((x, 280), (x, 288))
    art.line((x, 308), (x, 316))
    art.text(x, 298, "\N{MULTIPLICATION SIGN}", "strong")


@drawing
def one_query() -> Drawing:
    """Chapter 6: the flow of one query, with the page's numbers."""
    art = Drawing(
        "The way of one query through attention",
        "The query of the token the, 2 2 0 0, goes to the keys of three tokens: the, "
        "1 1 0 0; dog, 0 1 1 0; barks, 0 0 1 1. The dot products are 4, 2 and 0. "
        "Divided by the root of 4 they are 2, 1 and 0. The softmax makes the weights "
        "0.67, 0.24 and 0.09. They multiply the values of the three tokens, 10 0, 0 10 "
        "and 10 10, and the sum is the result, 7.55 3.35.",
    )
    left, width, gap = 118, 106, 8
    xs = [left + i * (width + gap) for i in range(3)]
    middles = [x + width / 2 for x in xs]

    def row(y: float, name: str, texts: list[str], kind: str = "plain") -> None:
        art.text(left - 10, y + 15, name, "quiet", "end", SMALL)
        art.row(xs[0], y, texts, width, 30, gap, kind)

    query = art.box(xs[1] - 14, 8, width + 28, 46, "query of “the”\n2 2 0 0", "blue")
    for x, shift in zip(middles, (-40, 0, 40), strict=True):
        art.arrow((query.bottom[0] + shift, 54), (x, 82))
    art.text(left - 10, 106, "keys", "quiet", "end", SMALL)
    keys = ("the\n1 1 0 0", "dog\n0 1 1 0", "barks\n0 0 1 1")
    for x, key in zip(xs, keys, strict=True):
        art.box(x, 84, width, 46, key, "green")
    row(150, "dot product", ["4", "2", "0"])
    row(200, "÷ √4", ["2", "1", "0"])
    row(250, "softmax", ["0.67", "0.24", "0.09"], "on")
    art.text(left - 10, 331, "times value", "quiet", "end", SMALL)
    for x, value in zip(xs, ("10 0", "0 10", "10 10"), strict=True):
        art.box(x, 316, width, 30, value, "red")
    for x in middles:
        down_to_the_value(art, x)
    total = art.box(xs[1], 384, width, 30, "7.55 3.35")
    for x, shift in zip(middles, (-40, 0, 40), strict=True):
        art.arrow((x, 346), (total.top[0] + shift, 382))
    art.text(left - 10, 399, "sum: result", "quiet", "end", SMALL)
    return art


@drawing
def heads_split_and_joined() -> Drawing:
    """Chapter 7: each head gets its numbers of every token, and they come back."""
    art = Drawing(
        "Vectors split into two heads and joined again",
        "Two tokens with four numbers each, 1 2 3 4 and 5 6 7 8. Head 0 gets the first "
        "two numbers of each token, 1 2 and 5 6; head 1 gets the others, 3 4 and 7 8. "
        "Each head attends by itself. The results are put side by side again, four "
        "numbers for each token, and go through the output matrix.",
    )
    rows = [["1", "2", "3", "4"], ["5", "6", "7", "8"]]
    kinds = [["blue", "blue", "green", "green"]] * 2
    cell = 34
    whole = 230 - 2 * cell
    art.text(whole - 12, 25, "token 0", "quiet", "end", SMALL)
    art.text(whole - 12, 25 + cell, "token 1", "quiet", "end", SMALL)
    art.grid(whole, 8, rows, kinds, cell, cell)
    art.text(whole + 4 * cell + 12, 8 + cell, "(T, H)", "quiet", "start", SMALL)
    for x, kind, part in ((120, "blue", slice(0, 2)), (340, "green", slice(2, 4))):
        side = -cell if kind == "blue" else cell
        art.arrow((230 + side, 78), (x, 112), kind=kind)
        name = "head 0" if kind == "blue" else "head 1"
        grid = [row[part] for row in rows]
        art.grid(x - cell, 114, grid, [[kind] * 2] * 2, cell, cell)
        edge = x - cell - 10 if kind == "blue" else x + cell + 10
        anchor = "end" if kind == "blue" else "start"
        art.text(edge, 130, name, kind, anchor, SMALL)
        art.text(edge, 130 + cell - 2, "(T, D)", "quiet", anchor, SMALL)
        art.arrow((x, 184), (x, 202))
        art.box(x - 75, 204, 150, 32, "attention", kind)
        art.arrow((x, 238), (230 + side, 268), kind=kind)
    art.grid(whole, 270, [[""] * 4] * 2, kinds, cell, cell)
    art.text(whole + 4 * cell + 12, 270 + cell, "(T, H)", "quiet", "start", SMALL)
    art.arrow((230, 340), (230, 358))
    art.box(whole - 20, 360, 4 * cell + 40, 32, "output matrix", "quiet")
    return art


@drawing
def masks_of_a_batch() -> Drawing:
    """Chapter 7: which keys each query may see, in two texts of a batch."""
    art = Drawing(
        "The masks of a batch of two texts",
        "Text 0 has four tokens; text 1 has two, and two of padding. Four tables with "
        "queries down and keys across, a filled cell where the query may see the key. "
        "Padding mask: text 0 sees everything; in text 1 the last two columns are "
        "hidden from all four queries. Padding and causal mask: text 0 keeps the "
        "diagonal and what is left of it; text 1 keeps the same, without its last two "
        "columns.",
    )
    cell = 34
    columns = ((120, "text 0", 4), (296, "text 1", 2))
    for x, name, count in columns:
        art.text(x + 2 * cell, 14, name, "strong")
        words = [f"t{i}" if i < count else "" for i in range(4)]
        marks = ["blue" if i < count else "off" for i in range(4)]
        art.row(x, 28, words, cell, 28, 0, marks)
    art.text(110, 42, "keys", "quiet", "end", SMALL)
    for y, name, is_causal in (
        (76, "padding\nmask", False),
        (232, "both\nmasks", True),
    ):
        art.text(110, y + cell * 2 - 9, name, "quiet", "end", SMALL)
        for x, _, count in columns:
            kinds = [
                [
                    "on" if j < count and (j <= i or not is_causal) else "off"
                    for j in range(4)
                ]
                for i in range(4)
            ]
            art.grid(x, y, [[""] * 4] * 4, kinds, cell, cell)
    art.text(120, 390, "filled: seen; dashed: hidden", "quiet", "start", SMALL)
    return art


def _layer(art: Drawing, x: float, width: float, is_post: bool) -> None:
    """Draw one layer from top to bottom, with its two residual connections."""
    middle = x + width / 2
    outside = x - 16  # where the residual runs
    art.text(middle, 36, "x", "strong")
    y = 46.0
    for name, kind in (("attention", "blue"), ("feed-forward", "green")):
        branch = y + 6
        boxes = [(name, kind)] if is_post else [("LayerNorm", "red"), (name, kind)]
        art.line((middle, y), (middle, y + 12))
        y += 12
        for text, colour in boxes:
            art.arrow((middle, y), (middle, y + 12))
            art.box(x, y + 14, width, 30, text, colour)
            y += 46
        art.arrow((middle, y - 2), (middle, y + 12))
        plus = art.circle(middle, y + 24)
        art.arrow((middle, branch), (outside, branch), (outside, y + 24), plus.left)
        y += 36
        if is_post:
            art.arrow((middle, y), (middle, y + 12))
            art.box(x, y + 14, width, 30, "LayerNorm", "red")
            y += 46
    art.arrow((middle, y - 1), (middle, y + 14))


@drawing
def encoder_layer() -> Drawing:
    """Chapter 8: one layer of BERT, with residuals and norms."""
    art = Drawing(
        "One layer of BERT",
        "From top to bottom: x goes into attention. The result is added to x, which "
        "runs past attention on a line of its own, the residual. LayerNorm follows. "
        "Then the same with the feed-forward part: its result is added to its input, "
        "and LayerNorm follows. Attention mixes tokens; everything else works on each "
        "token alone.",
    )
    _layer(art, 60, 150, True)
    art.text(226, 87, "mixes the tokens", "blue", "start", SMALL)
    art.text(226, 128, "adds the residual", "quiet", "start", SMALL)
    art.text(226, 169, "mean 0, variance 1", "red", "start", SMALL)
    art.text(226, 227, "works on each token alone", "green", "start", SMALL)
    art.text(226, 268, "adds the residual", "quiet", "start", SMALL)
    art.text(226, 309, "mean 0, variance 1", "red", "start", SMALL)
    return art


@drawing
def post_and_pre_norm() -> Drawing:
    """Chapter 8: where the norm stands, in BERT and in later models."""
    art = Drawing(
        "Post-LN and pre-LN",
        "Two layers side by side. Left, post-LN, as in BERT: attention, add the "
        "residual, LayerNorm; feed-forward, add, LayerNorm. The norms stand on the "
        "main line. Right, pre-LN: LayerNorm, attention, add; LayerNorm, feed-forward, "
        "add. The norms stand in front of the parts, and the main line of residuals "
        "runs through the layer without a norm.",
    )
    for x, name, is_post in ((34, "post-LN (BERT)", True), (272, "pre-LN", False)):
        art.text(x + 75, 14, name, "strong")
        _layer(art, x, 150, is_post)
    return art
