"""Drawings of the first pages: chapters 0 and 1.

Chapter: 0
"""

from bert_tutorial.course.drawings.kit import SMALL, Drawing, drawing


@drawing
def sentence_to_answer() -> Drawing:
    """Chapter 0: five stations from a text to a word, and who builds them."""
    art = Drawing(
        "From a sentence to a word",
        "Five boxes below each other, joined by arrows. Text: The capital of France is "
        "[MASK]. Token IDs: whole numbers, chapters 3 and 4. Vectors: 64 numbers for "
        "each token, chapter 5. Attention layers: each token gathers from the others, "
        "chapters 6 to 8. Probabilities: one for each word of the vocabulary, "
        "chapter 11.",
    )
    rows = (
        ("text", "The capital of France is [MASK].", "plain", ""),
        ("token IDs", "2, 60, 137, 62, 328, 61, 4, 6, 3", "blue", "chapters 3, 4"),
        ("vectors", "64 numbers for each token", "green", "chapter 5"),
        ("attention", "each token gathers from the others", "red", "chapters 6 to 8"),
        ("answer", "a probability for every word", "plain", "chapter 11"),
    )
    before = None
    for number, (name, text, kind, chapter) in enumerate(rows):
        y = 8 + number * 84
        art.text(96, y + 8, name, "strong", "start", SMALL)
        art.text(364, y + 8, chapter, "quiet", "end", SMALL)
        box = art.box(96, y + 20, 268, 34, text, kind, size=SMALL)
        if before is not None:
            art.arrow(before.bottom, (box.top[0], y - 2))
        before = box
    return art


@drawing
def who_sees_what() -> Drawing:
    """Chapter 0: which words a vector may depend on, in four kinds of model."""
    art = Drawing(
        "Which words may the vector of a word depend on?",
        "Four rows of seven cells, one cell for each word of: the bank of the river "
        "was muddy. The vector of bank is asked about. In word2vec only bank itself is "
        "filled. In GPT the and bank are filled, what stands to the left. In ELMo all "
        "are filled, but left and right in two colours: two separate networks. In BERT "
        "all are filled in one colour.",
    )
    words = ["the", "bank", "of", "the", "river", "was", "muddy"]
    left, width, gap = 94, 49, 2
    for i, word in enumerate(words):
        kind = "strong" if word == "bank" else "quiet"
        art.text(left + i * (width + gap) + width / 2, 14, word, kind, size=SMALL)
    on, off = "blue", "off"
    rows = (
        ("word2vec", "2013", [off, on, off, off, off, off, off]),
        ("ELMo", "2018", ["green", "on", *["red"] * 5]),
        ("GPT", "2018", [on, on, off, off, off, off, off]),
        ("BERT", "2018", [on] * 7),
    )
    for number, (name, year, kinds) in enumerate(rows):
        y = 32 + number * 52
        art.text(left - 10, y + 9, name, "strong", "end", SMALL)
        art.text(left - 10, y + 27, year, "quiet", "end", SMALL)
        art.row(left, y, [""] * 7, width, 34, gap, kinds)
    art.text(
        left,
        250,
        "Filled: what the vector of “bank” may depend on.\n"
        "ELMo: two networks, one for each side.",
        "quiet",
        "start",
        SMALL,
    )
    return art
