"""Drawings of part I, the model: chapters 2 to 9.

Chapter: 5
Used from: 2
"""

from bert_tutorial.course.drawings.kit import SMALL, Drawing, drawing


@drawing
def axes_of_a_batch() -> Drawing:
    """Chapter 2: what the three axes of a batch count."""
    art = Drawing(
        "The three axes of a batch",
        "Two tables, one a text, side by side. Each has three rows, one a position, "
        "and four columns, the numbers of the hidden vector. Their shape together is "
        "(B, T, H), here (2, 3, 4). A row of the second table is marked: x[1, 2], the "
        "vector at position 2 of text 1. In both tables a column is marked: x[:, :, "
        "0], one number of every position of every text.",
    )
    cell = 38
    for number, left in enumerate((70, 286)):
        art.text(left + 2 * cell, 16, f"text {number}", "strong")
        kinds = [["green", *["plain"] * 3] for _ in range(3)]
        if number == 1:
            kinds[2] = ["on", *["blue"] * 3]
        art.grid(left, 34, [[""] * 4] * 3, kinds, cell, cell)
        for row in range(3):
            art.text(left - 10, 53 + row * cell, str(row), "quiet", "end", SMALL)
    art.text(8, 53 + cell, "posi-\ntion", "quiet", "start", SMALL)
    art.bracket(70, 70 + 4 * cell, 154, "H = 4 numbers")
    art.bracket(286, 286 + 4 * cell, 154, "H = 4 numbers")
    art.text(8, 206, "B = 2 texts, T = 3 positions: (2, 3, 4)", "strong", "start")
    art.text(8, 230, "x[1, 2]: one vector, (4,)", "blue", "start", SMALL)
    green = "x[:, :, 0]: one number of every position, (2, 3)"
    art.text(8, 252, green, "green", "start", SMALL)
    return art


@drawing
def broadcasting() -> Drawing:
    """Chapter 2: axes of size 1 are repeated."""
    art = Drawing(
        "Broadcasting (3, 1) and (4,)",
        "Shapes are lined up at their last axes: (3, 1) above (4), which counts as "
        "(1, 4). Below, a column with 1, 2, 3 is repeated four times across, drawn "
        "dashed; a row with 10, 20, 30, 40 is repeated three times down, drawn dashed. "
        "Their sum is a table of three rows: 11, 21, 31, 41; 12, 22, 32, 42; 13, 23, "
        "33, 43.",
    )
    cell, top = 32, 70
    lefts = (8, 170, 324)
    column = [[str(r + 1)] * 4 for r in range(3)]
    row = [[str(10 * (c + 1)) for c in range(4)] for _ in range(3)]
    total = [[str(r + 1 + 10 * (c + 1)) for c in range(4)] for r in range(3)]
    names = ("(3, 1)", "(4,) = (1, 4)", "(3, 4)")
    for left, name in zip(lefts, names, strict=True):
        art.text(left + 2 * cell, 46, name, "strong", size=SMALL)
    first = [["blue", *["off"] * 3] for _ in range(3)]
    art.grid(lefts[0], top, column, first, cell, cell)
    second = [["green"] * 4, ["off"] * 4, ["off"] * 4]
    art.grid(lefts[1], top, row, second, cell, cell)
    art.grid(lefts[2], top, total, [["plain"] * 4] * 3, cell, cell)
    art.text(153, top + 1.5 * cell, "+", "strong")
    art.text(311, top + 1.5 * cell, "=", "strong")
    art.text(8, 16, "Lined up at the last axis:", "quiet", "start", SMALL)
    below = top + 3 * cell + 18
    art.text(8, below, "repeated across", "blue", "start", SMALL)
    art.text(lefts[1], below, "repeated down", "green", "start", SMALL)
    return art


def lookups(word: str, vocabulary: set[str]) -> list[tuple[int, int, bool]]:
    """List the lookups of a word, longest first: (start, end, found)."""
    steps, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            is_piece = ("##" if start else "") + word[start:end] in vocabulary
            steps.append((start, end, is_piece))
            if is_piece:
                break
        else:
            raise ValueError(f"vocabulary must have a piece for {word[start:]!r}")
        start = end
    return steps


@drawing
def longest_match() -> Drawing:
    """Chapter 3: every lookup for one word, the longest piece first."""
    art = Drawing(
        "The longest piece first: unhappy",
        "Nine rows, one for each lookup, over the seven letters of unhappy. Lookups 1 "
        "to 6 begin at the first letter, with the whole word and then shorter; the "
        "sixth, un, is in the vocabulary. From the third letter, happy with ## in "
        "front is not, and ##happ is. The ninth lookup, ##y, succeeds.",
    )
    word, cell, left = "unhappy", 34, 36
    steps = lookups(word, {"un", "##hap", "##happ", "##y", "happ", "y"})
    art.text(left + 3.5 * cell, 14, "what is looked up", "quiet", size=SMALL)
    art.text(left + 7 * cell + 16, 14, "in the vocabulary?", "quiet", "start", SMALL)
    for number, (start, end, is_piece) in enumerate(steps):
        y = 30 + number * 34
        art.text(left - 12, y + 14, str(number + 1), "quiet", "end", SMALL)
        kind = "green" if is_piece else "off"
        art.row(left + start * cell, y, list(word[start:end]), cell, 28, 0, kind)
        piece = ("##" if start else "") + word[start:end]
        told, words = (f"yes: {piece}", "green") if is_piece else ("no", "quiet")
        art.text(left + 7 * cell + 16, y + 14, told, words, "start", SMALL)
    return art


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
        "The path of one query through attention",
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
