"""Drawings of published weights (chapter 9) and of part III, the tasks (14 to 18).

Chapter: 9
"""

from bert_tutorial.course.drawings.kit import SMALL, Drawing, drawing


@drawing
def checkpoint_names() -> Drawing:
    """Chapter 9: which tensor of the file fills which module."""
    art = Drawing(
        "Names in the file, modules in the code",
        "Two columns joined by arrows. On the left stand the names of the tensors of "
        "one layer in the file, on the right our modules. attention.self.query, key "
        "and value go to attention.query, key and value; attention.output.dense to "
        "attention.output; attention.output.LayerNorm to the first norm; "
        "intermediate.dense to feed_forward.up; output.dense to feed_forward.down; "
        "output.LayerNorm to the second norm. Above them the three tables of the "
        "embeddings go to the embeddings, below them pooler.dense to the pooler.",
    )
    rows = [
        ("embeddings.*_embeddings", "embeddings", "green"),
        ("attention.self.query", "attention.query", "blue"),
        ("attention.self.key", "attention.key", "blue"),
        ("attention.self.value", "attention.value", "blue"),
        ("attention.output.dense", "attention.output", "blue"),
        ("attention.output.LayerNorm", "norm, the first", "plain"),
        ("intermediate.dense", "feed_forward.up", "red"),
        ("output.dense", "feed_forward.down", "red"),
        ("output.LayerNorm", "norm, the second", "plain"),
        ("pooler.dense", "pooler", "green"),
    ]
    art.text(8, 14, "in the file", "strong", "start")
    art.text(452, 14, "in the code", "strong", "end")
    y = 32.0
    for number, (theirs, ours, kind) in enumerate(rows):
        y += 14 if number in (1, 9) else 0
        left = art.box(8, y, 214, 28, theirs, kind, size=SMALL)
        right = art.box(282, y, 170, 28, ours, kind, size=SMALL)
        art.arrow(left.right, right.left)
        y += 33
    art.line((2, 78), (2, 340), kind="off")
    below = "encoder.layer.0 to encoder.layer.5: one such group a layer"
    art.text(8, y + 10, below, "quiet", "start", SMALL)
    return art


@drawing
def review_to_label() -> Drawing:
    """Chapter 14: from a review to a label, and what each way to do it learns."""
    art = Drawing(
        "From a review to a label, in four ways",
        "Above, from left to right: a review goes through the encoder, its pooled CLS "
        "through the head, which gives two logits; the larger one names the label. "
        "Below, four ways. Pretrained: the encoder starts from pretraining, and "
        "encoder and head learn. Scratch: it starts at random, and both learn. "
        "Frozen: it starts from pretraining, and only the head learns. Bag of words: "
        "there is no encoder, and one weight a word learns.",
    )
    texts = (
        ("review", 66, "plain"),
        ("encoder", 76, "blue"),
        ("pooled\n[CLS]", 70, ""),
    )
    x, before = 8.0, None
    more = (("head", 56, "red"), ("2 logits", 72, ""), ("label", 56, "plain"))
    for text, width, kind in (*texts, *more):
        box = art.box(x, 8, width, 46, text, kind or "quiet", size=SMALL)
        if before is not None:
            art.arrow(before.right, (x, 31))
        x, before = x + width + 9, box
    art.text(120, 84, "encoder starts", "quiet", "start", SMALL)
    art.text(232, 84, "what learns from the labels", "quiet", "start", SMALL)
    ways = (
        ("pretrained", "pretrained", ("encoder", "head")),
        ("scratch", "at random", ("encoder", "head")),
        ("frozen", "pretrained", ("", "head")),
        ("bag of words", "", ("", "a weight a word")),
    )
    for number, (name, start, learns) in enumerate(ways):
        y = 100 + number * 36
        art.text(8, y + 14, name, "strong", "start", SMALL)
        art.box(120, y, 104, 28, start or "none", "plain" if start else "off")
        encoder, head = learns
        if number < 3:
            art.box(232, y, 104, 28, encoder or "fixed", "blue" if encoder else "off")
        left, width = (344, 108) if number < 3 else (232, 220)
        art.box(left, y, width, 28, head, "red")
    return art


@drawing
def words_and_pieces() -> Drawing:
    """Chapter 15: the label of a word goes to its first piece."""
    art = Drawing(
        "Labels of words, labels of pieces",
        "Above, four words with one tag each: Bratislava B-CITY, is O, a O, city O. "
        "Below, the pieces that the model reads: CLS, br, ##ti, ##la, ##va, is, "
        "a, city, SEP. An arrow leads from each word's tag to the word's first piece, "
        "which carries the label. The other pieces of Bratislava, CLS and SEP have "
        "-100: they are read and not scored.",
    )
    words = [("Bratislava", "B-CITY", 60, 178), ("is", "O", 246, 42)]
    words += [("a", "O", 296, 42), ("city", "O", 346, 46)]
    pieces = ["[CLS]", "br", "##ti", "##la", "##va", "is", "a", "city", "[SEP]"]
    xs = [6, 60, 106, 152, 198, 246, 296, 346, 398]
    widths = [48, 42, 42, 42, 42, 42, 42, 46, 52]
    labels = ["-100", "B-CITY", "-100", "-100", "-100", "O", "O", "O", "-100"]
    for word, tag, x, width in words:
        art.box(x, 10, width, 28, word, size=SMALL)
        art.box(x, 44, width, 28, tag, "blue" if tag != "O" else "plain", size=SMALL)
    for i, (x, width, piece) in enumerate(zip(xs, widths, pieces, strict=True)):
        is_scored = labels[i] != "-100"
        art.box(x, 112, width, 28, piece, size=SMALL)
        kind = "blue" if labels[i] == "B-CITY" else "plain" if is_scored else "off"
        shown = "B" if labels[i] == "B-CITY" else labels[i]
        words_of = "" if is_scored else "quiet"
        art.box(x, 146, width, 28, shown, kind, words_of, size=SMALL)
        if is_scored:
            art.arrow((x + width / 2, 74), (x + width / 2, 110))
    art.text(
        6,
        196,
        "-100: read by the model, not scored by the loss",
        "quiet",
        "start",
        SMALL,
    )
    return art


@drawing
def span_triangle() -> Drawing:
    """Chapter 16: which pairs of start and end are spans."""
    art = Drawing(
        "The triangle of legal spans",
        "A grid with the tokens of a passage as starts, from top to bottom, and as "
        "ends, from left to right. Cells on the diagonal are spans of one token. Cells "
        "to its right, up to three tokens, are legal. Cells below the diagonal would "
        "end before they start, and cells far to the right are too long: neither is "
        "legal. One legal cell is marked: start at pink, end at hat.",
    )
    tokens = ["paul", "bought", "a", "pink", "hat", "."]
    left, top, size = 96, 56, 48
    art.text(left + 3 * size, 10, "end", "strong")
    art.text(8, top - 12, "start", "strong", "start")
    for i, token in enumerate(tokens):
        art.text(
            left + (i + 0.5) * size, top - 14, token, "", size=SMALL, room=size + 4
        )
        art.text(left - 8, top + (i + 0.5) * size, token, "", "end", SMALL)
    kinds = [
        [
            "blue" if (r, c) == (3, 4) else "green" if r <= c < r + 3 else "off"
            for c in range(6)
        ]
        for r in range(6)
    ]
    texts = [["" for _ in range(6)] for _ in range(6)]
    texts[3][4] = "best"
    texts[0][5] = "long"
    texts[5][0] = "back"
    art.grid(left, top, texts, kinds, size, size)
    art.text(
        8,
        top + 6 * size + 20,
        "green: legal, at most three tokens; dashed: no span",
        "quiet",
        "start",
        SMALL,
    )
    return art


@drawing
def passage_windows() -> Drawing:
    """Chapter 16: a long passage in overlapping windows, the question in each."""
    art = Drawing(
        "A passage in windows",
        "A passage of ten pieces, a to j. Three windows read four pieces each, three "
        "pieces apart: a to d, d to g, g to j; each begins with CLS, the question and "
        "SEP. The answer h stands in the third window, whose target is its start and "
        "end. The first two windows do not show it: their target is CLS.",
    )
    art.text(8, 22, "passage", "quiet", "start", SMALL)
    size = 30
    letters = "abcdefghij"
    xs = [128 + i * (size + 2) for i in range(10)]
    kinds = ["blue" if c == "h" else "plain" for c in letters]
    art.row(128, 8, list(letters), size, gap=2, kinds=kinds)
    for number, start in enumerate((0, 3, 6)):
        y = 62 + number * 44
        art.box(2, y, 122, 28, "[CLS] who? [SEP]", "quiet", size=SMALL)
        part = letters[start : start + 4]
        shown = ["blue" if c == "h" else "green" for c in part]
        art.row(xs[start], y, list(part), size, gap=2, kinds=shown)
        text = "target: h" if "h" in part else "target: [CLS]"
        if start < 6:
            art.text(xs[start + 4] + 4, y + 14, text, "quiet", "start", SMALL)
        else:
            art.text(xs[6] - 8, y + 14, text, "blue", "end", SMALL)
    return art


@drawing
def cross_attention() -> Drawing:
    """Chapter 17: queries from the summary, keys and values from the document."""
    art = Drawing(
        "A decoder layer and what it reads",
        "On the left the document goes through the encoder, which gives one vector for "
        "each token. On the right the summary written so far goes through three steps "
        "of a decoder layer: masked self-attention, in which a position sees itself "
        "and those before it; cross-attention, whose queries come from the summary and "
        "whose keys and values come from the document's vectors; and the feed-forward "
        "network. Then the next word is scored.",
    )
    source = art.box(8, 300, 170, 34, "document", "plain")
    encoder = art.box(8, 214, 170, 44, "encoder (BERT)", "green")
    vectors = art.box(8, 136, 170, 34, "one vector a token", "green")
    art.arrow(source.top, encoder.bottom)
    art.arrow(encoder.top, vectors.bottom)
    written = art.box(262, 300, 190, 34, "summary so far", "plain")
    own = art.box(262, 214, 190, 44, "masked self-attention", "blue")
    cross = art.box(262, 131, 190, 44, "cross-attention", "red")
    forward = art.box(262, 62, 190, 34, "feed-forward", "plain")
    scores = art.box(262, 8, 190, 30, "scores of the next word", "quiet")
    art.arrow(written.top, own.bottom)
    art.arrow(own.top, cross.bottom)
    art.arrow(cross.top, forward.bottom)
    art.arrow(forward.top, scores.bottom)
    art.arrow(vectors.right, cross.left)
    art.text(220, 118, "keys,\nvalues", "red", size=SMALL)
    art.text(366, 194, "queries", "red", "start", SMALL)
    return art
