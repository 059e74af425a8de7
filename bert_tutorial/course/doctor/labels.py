"""Checks of a batch's labels: where they stand, and what is read there.

Chapter: 12
"""

from collections.abc import Iterator

import torch

from bert_tutorial.course.doctor.parts import Parts, is_unlikely
from bert_tutorial.course.doctor.patient import Diagnosis

__all__ = ["check_labels"]

KNOWN_SPLITS = {
    "two independent draws give 81/10/9": (0.81, 0.10, 0.09),
    "two independent draws give 81/9/10": (0.81, 0.09, 0.10),
    "a tenth of the remaining fifth gives 80/2/18": (0.80, 0.02, 0.18),
    "always [MASK]": (1.0, 0.0, 0.0),
}


def check_labels(
    parts: Parts, split: tuple[float, float, float], vocab_size: int | None
) -> Iterator[Diagnosis]:
    """Look at where labels stand, and at what is read there."""
    special = parts.ids
    number = int(parts.scored.sum())
    if not number:
        yield Diagnosis(
            "no-labels",
            "no place is scored",
            "the mean over no place is nan: mask at least one token a batch",
        )
        return
    values = parts.labels[parts.scored]
    outside = sum(int((values == i).sum()) for i in (special.pad, special.cls))
    outside += int((values == special.sep).sum())
    if parts.mask is not None:
        outside += int((parts.scored & (parts.mask == 0)).sum())
    if outside:
        yield Diagnosis(
            "labels-on-special",
            f"{outside} of {number} labels stand at [CLS], [SEP] or padding, or ask "
            "for them",
            "choose among the other tokens only, and use -100 where none is chosen",
        )
    may = ~parts.tail
    for i in special[:3]:
        may &= parts.true != i
    share = number / max(1, int(may.sum()))
    if share > 0.9:
        yield Diagnosis(
            "labels-everywhere",
            f"{min(share, 1):.0%} of the words are scored",
            "labels are -100 wherever nothing was hidden",
        )
        return
    yield from fates(parts, split, vocab_size)


def fates(
    parts: Parts, split: tuple[float, float, float], vocab_size: int | None
) -> Iterator[Diagnosis]:
    """Compare what is read at scored places with the wanted shares."""
    read, true = parts.read[parts.scored], parts.labels[parts.scored]
    number = len(read)
    asked = int((true == parts.ids.mask).sum())
    kept, masked = int((read == true).sum()), int((read == parts.ids.mask).sum())
    if asked > 0.05 * number and number >= 20:
        yield Diagnosis(
            "labels-after-replacement",
            f"{asked} of {number} labels ask for [MASK]",
            "take the labels from the ids as they were before masking",
        )
        return
    yield from leak(parts)
    chance = split[1] / vocab_size if vocab_size else 0.0
    counts = (masked, number - masked - kept, kept)
    wanted = (split[0] + chance, split[1] - 2 * chance, split[2] + chance)
    if not any(is_unlikely(c, number, p) for c, p in zip(counts, wanted, strict=True)):
        return
    shares = tuple(count / number for count in counts)
    name, near = min(
        KNOWN_SPLITS.items(),
        key=lambda item: sum(abs(a - b) for a, b in zip(item[1], shares, strict=True)),
    )
    distance = sum(abs(a - b) for a, b in zip(near, shares, strict=True))
    known = f"; {name}" if distance < 0.015 else ""
    text = " / ".join(f"{share:.1%}" for share in shares)
    yield Diagnosis(
        "mask-split",
        f"[MASK] / random / kept: {text} of {number}{known}",
        "let one draw decide among the three fates, 80 / 10 / 10",
    )


def leak(parts: Parts) -> Iterator[Diagnosis]:
    """Look for the answer at its own place and at both neighbours."""
    free = ~parts.scored & ~parts.tail
    for step in (0, -1, 1):
        beside = parts.read.roll(-step, dims=1)
        inside = torch.ones_like(parts.scored)
        if step:
            inside[:, 0 if step < 0 else -1] = False
        where = parts.scored & inside
        number = int(where.sum())
        same = int((beside == parts.labels)[where].sum())
        base = 0.0
        if step:
            free_pairs = free & free.roll(-step, dims=1) & inside
            repeats = (beside == parts.read)[free_pairs].float()
            base = float(repeats.mean()) if len(repeats) else 0.0
        if number >= 20 and same / number > 0.5 and base < 0.3:
            place = {0: "at its own place", -1: "one place before", 1: "one after"}
            yield Diagnosis(
                "label-leak",
                f"{same} of {number} answers can be read {place[step]}",
                "hide the chosen words, and set labels at the same places",
            )
            return
