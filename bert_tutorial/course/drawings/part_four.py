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
