"""Drawings of part II, pretraining: chapters 10 to 13.

Chapter: 12
Used from: 10
"""

import json
from importlib import resources

from bert_tutorial.course.drawings.kit import SMALL, Drawing, drawing
from bert_tutorial.training.optimizer import linear_schedule


@drawing
def documents_to_batch() -> Drawing:
    """Chapter 10: from documents to a masked pair."""
    art = Drawing(
        "From documents to a masked pair",
        "Four rows. First, two documents, each a strip of sentences, 1 to 4 and 5 to "
        "7. Second, sentences gathered from one document and cut in two: segment A is "
        "1 and 2, segment B is 3 and 4; a coin may replace B by a sentence of the "
        "other document. Third, the pair as one sequence: CLS, A, SEP, B, SEP, with "
        "segment numbers 0 and 1 below. Fourth, the same sequence with two tokens "
        "chosen: one reads MASK, and both have a label below; all other labels are "
        "minus 100.",
    )
    art.text(8, 18, "1  Two documents of sentences", "strong", "start", SMALL)
    art.row(8, 34, ["1", "2", "3", "4"], 50, 30, 2, "blue")
    art.row(250, 34, ["5", "6", "7"], 50, 30, 2, "green")
    art.text(8, 92, "2  Gather, cut; a coin may replace B", "strong", "start", SMALL)
    art.box(8, 108, 102, 30, "A: 1, 2", "blue")
    art.box(140, 108, 102, 30, "B: 3, 4", "blue")
    art.text(266, 123, "or", "quiet", size=SMALL)
    art.box(290, 108, 102, 30, "B: 6", "green")
    art.text(8, 166, "3  One sequence, two segments", "strong", "start", SMALL)
    tokens = ["[CLS]", "a", "dog", "[SEP]", "it", "barks", "[SEP]"]
    art.row(8, 182, tokens, 60, 30, 2)
    for i, segment in enumerate("0000111"):
        art.text(38 + i * 62, 226, segment, "quiet", size=SMALL)
    art.text(8, 254, "4  Choose 15 %, hide, keep the labels", "strong", "start", SMALL)
    read = ["[CLS]", "a", "[MASK]", "[SEP]", "it", "barks", "[SEP]"]
    kinds = ["plain", "plain", "red", "plain", "plain", "red", "plain"]
    art.row(8, 270, read, 60, 30, 2, kinds)
    labels = ["-100", "-100", "dog", "-100", "-100", "barks", "-100"]
    for i, label in enumerate(labels):
        kind = "red strong" if label != "-100" else "quiet"
        art.text(38 + i * 62, 316, label, kind, size=SMALL)
    return art


@drawing
def two_heads() -> Drawing:
    """Chapter 11: which positions each of the two heads reads."""
    art = Drawing(
        "Two heads, and the positions that they read",
        "Seven token vectors leave the last layer. An arrow goes from CLS to the "
        "pooler and on to the next-sentence head, which gives two logits. Arrows go "
        "from the two chosen positions, dog and barks, to the masked-LM head, which "
        "gives V logits for each. The other positions go nowhere.",
    )
    tokens = ["[CLS]", "a", "[MASK]", "[SEP]", "it", "barks", "[SEP]"]
    kinds = ["green", "off", "red", "off", "off", "red", "off"]
    art.text(8, 18, "token read", "quiet", "start", SMALL)
    art.row(8, 32, tokens, 60, 28, 2, "none")
    art.text(8, 80, "vector from the last layer", "quiet", "start", SMALL)
    vectors = art.row(8, 94, [""] * 7, 60, 28, 2, kinds)
    pooler = art.box(8, 160, 76, 32, "pooler", "green")
    next_head = art.box(8, 226, 76, 32, "next", "green")
    words = art.box(160, 160, 232, 32, "masked-LM head", "red")
    art.arrow(vectors[0].bottom, (vectors[0].bottom[0], 160))
    art.arrow(pooler.bottom, next_head.top)
    for index in (2, 5):
        x = vectors[index].bottom[0]
        art.arrow((x, 122), (x, 160))
    art.arrow(next_head.bottom, (next_head.bottom[0], 290))
    art.text(8, 304, "2 logits", "strong", "start", SMALL)
    art.arrow(words.bottom, (words.bottom[0], 290))
    art.text(words.bottom[0], 304, "V logits for each of the two", "strong", size=SMALL)
    return art


def facts_over_time(shown: int) -> tuple[int, list[dict[str, float]], int]:
    """Read the stored run: its steps, its points up to a step, and that step."""
    file = resources.files("bert_tutorial").joinpath("runs/facts_arrive.json")
    run = json.loads(file.read_text(encoding="utf-8"))
    points = [point for point in run["points"] if point["step"] <= shown]
    return run["recipe"]["steps"], points, shown


@drawing
def schedule_and_knowledge() -> Drawing:
    """Chapter 12: the rate and the facts known, over the steps of a stored run."""
    total, points, shown = facts_over_time(8_000)
    art = Drawing(
        "The learning rate, and when facts become known",
        "Two charts over the first 8,000 of 16,000 steps of the stored run. Above, the "
        "learning rate rises in a straight line over the first 6 percent of the steps, "
        "then falls in a straight line towards 0. Below, the fraction of facts that "
        "the model knows: stated facts jump from few to nearly all between step 1,400 "
        "and 2,000; inferable facts rise slowly from step 2,000 to 6,000.",
    )
    left, width = 48.0, 400.0

    def x(step: float) -> float:
        return left + step / shown * width

    art.text(8, 14, "learning rate (1 = its peak)", "strong", "start", SMALL)
    art.line((left, 32), (left, 112), (left + width, 112))
    for value in (0, 1):
        art.text(left - 8, 112 - 80 * value, str(value), "quiet", "end", SMALL)
    warmup = round(0.06 * total)
    rates = [
        (step, linear_schedule(step, total, warmup)) for step in (0, warmup, shown)
    ]
    art.line(*((x(step), 112 - 80 * rate) for step, rate in rates), kind="red")
    art.text(x(2_400), 92, "half-way down at step 8,480", "quiet", "start", SMALL)
    art.text(8, 142, "fraction of facts known", "strong", "start", SMALL)
    art.line((left, 160), (left, 260), (left + width, 260))
    for value in (0, 1):
        art.text(left - 8, 260 - 100 * value, str(value), "quiet", "end", SMALL)
    for kind, colour in (("stated", "blue"), ("inferable", "green")):
        curve = [(x(point["step"]), 260 - 100 * point[kind]) for point in points]
        art.line(*curve, kind=colour)
    art.text(x(1_300), 190, "stated", "blue", "end", SMALL)
    art.text(x(4_400), 220, "inferable: never stated", "green", "start", SMALL)
    for step in (0, 2_000, 4_000, 6_000, 8_000):
        anchor = "end" if step == shown else "middle"
        art.text(x(step), 276, f"{step:,}", "quiet", anchor, SMALL)
    art.text(left + width, 298, "step of 16,000", "quiet", "end", SMALL)
    return art


def recalls(variant: str) -> dict[int, float]:
    """Read what the lab's stored runs of a variant know, by seed."""
    file = resources.files("bert_tutorial").joinpath("runs/ablation_lab.json")
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"]
    return {one["seed"]: one["recall"] for one in runs if one["variant"] == variant}


@drawing
def one_change() -> Drawing:
    """Chapter 13: one choice taken away, beside its control, seed by seed."""
    art = Drawing(
        "One change, and its control",
        "Two columns, the baseline and a variant. Five rows are the same in both: the "
        "world, 900 steps, the masks, the pair task, the seeds. One row differs: "
        "positions are learned in the baseline, and there are none in the variant. "
        "Below, the facts known on seeds 0, 1 and 2, for both, and their difference "
        "on each seed.",
    )
    before, after = recalls("baseline"), recalls("no positions")
    art.text(226, 14, "baseline", "strong", size=SMALL)
    art.text(376, 14, "variant", "strong", size=SMALL)
    rows = [("text", "70 facts"), ("budget", "900 steps"), ("masks", "40 % content")]
    rows += [("pair task", "next or not"), ("positions", "learned")]
    for number, (name, choice) in enumerate(rows):
        y = 30 + number * 34
        is_changed = name == "positions"
        art.text(140, y + 14, name, "strong" if is_changed else "quiet", "end", SMALL)
        kind = "blue" if is_changed else "plain"
        art.box(156, y, 140, 28, choice, kind, size=SMALL)
        other = "none" if is_changed else choice
        art.box(306, y, 140, 28, other, "red" if is_changed else kind, size=SMALL)
    for number, seed in enumerate(sorted(before)[:3]):
        y = 226 + number * 30
        gap = after[seed] - before[seed]
        art.text(140, y, f"facts, seed {seed}", "quiet", "end", SMALL)
        art.text(226, y, f"{before[seed]:.2f}", "blue", size=SMALL)
        art.text(346, y, f"{after[seed]:.2f}", "red", size=SMALL)
        art.text(446, y, f"{gap:+.2f}", "strong", "end", SMALL)
    words = "Subtract on each seed first, then ask how far\nthe differences lie apart."
    art.text(8, 322, words, "quiet", "start", SMALL)
    return art
