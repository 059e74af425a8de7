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
