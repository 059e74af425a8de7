"""Exercise: choose on one set of questions, report on another.

Chapter: 13
"""

from statistics import mean

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def choose_and_report(
    validation: dict[str, list[float]], test: dict[str, list[float]]
) -> tuple[str, float]:
    """Choose a variant, and give the score to report for it.

    Both hold a score for each seed of each variant. The choice may look at the
    validation scores alone, at their mean over the seeds; what is reported is the
    mean test score of the chosen one.
    """
    raise NotAttempted
'''

Scores = dict[str, list[float]]


def choose_and_report(
    validation: dict[str, list[float]], test: dict[str, list[float]]
) -> tuple[str, float]:
    """Take the best mean of one set and the mean of the other."""
    best = max(validation, key=lambda name: mean(validation[name]))
    return best, mean(test[best])


def with_loop(validation: Scores, test: Scores) -> tuple[str, float]:
    """Keep the best so far."""
    best, top = "", float("-inf")
    for name, scores in validation.items():
        if sum(scores) / len(scores) > top:
            best, top = name, sum(scores) / len(scores)
    return best, sum(test[best]) / len(test[best])


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Every rule of choice prefers another variant."""
    generator = torch.Generator().manual_seed(seed)
    shift = 0.02 * float(torch.rand(1, generator=generator))
    validation = {
        "steady": [0.78 + shift, 0.71, 0.74],
        "lucky": [0.95, 0.50, 0.55],
        "middling": [0.40, 0.76, 0.77],
        "liked by the test": [0.66, 0.67, 0.68],
        "good at both": [0.71, 0.72, 0.70],
    }
    test = {
        "steady": [0.69, 0.75, 0.66],
        "lucky": [0.60, 0.61, 0.59],
        "middling": [0.50, 0.52, 0.54],
        "liked by the test": [0.93, 0.78, 0.81],
        "good at both": [0.82, 0.83, 0.84],
    }
    few = ("steady", "liked by the test")
    return [
        Case(
            (
                {name: validation[name] for name in few},
                {name: test[name] for name in few},
            ),
            "two variants, three seeds each",
        ),
        Case((validation, test), "five variants, three seeds each"),
        Case(
            (
                {"a": [-1.5, -0.75], "b": [-0.5, -0.25], "z": [-2.0, -1.0]},
                {"b": [-0.5, -1.0], "z": [-0.25, -0.25], "a": [-2.0, -0.5]},
            ),
            "scores below 0, the test's in another order",
        ),
        Case(
            ({"a": [0.5, 0.6], "b": [0.4] * 5}, {"a": [0.3, 0.4], "b": [0.6] * 5}),
            "two seeds of one variant, five of the other",
        ),
    ]


MISTAKES = """
tuned on the test:
- max(validation, => max(test,
- mean(validation[name]) => mean(test[name])
    You choose by the test scores. The largest of several noisy numbers is too large on
    average; then nothing is left to report honestly.
best of the seeds: : mean( => : max(
    You choose by the best single run. A variant that varies most wins by luck; compare
    means.
best test run: , mean( => , max(
    You report the best of the seeds. Report their mean.
one run reported:
- mean(test[best]) => test[best][validation[best].index(max(validation[best]))]
    You report a single run, the one that was best on validation. Report the mean over
    the seeds.
validation reported: (test => (validation
    You report the number that you chose by. It was picked because it was large; report
    the test.
both together: name])) => name]) + mean(test[name]))
    The test scores take part in the choice. Not even a little: it is tuning on the
    test.
median: : mean( => : median(
    You choose by the median. The task asks for the mean over the seeds.
sum of the seeds: : mean( => : sum(
    You choose by the sum, so the variant with the most seeds wins. Compare means.
search begins at 0: … => best, highest = next(iter(validation)), 0.0
|     for name, scores in validation.items():
|         if mean(scores) > highest:
|             best, highest = name, mean(scores)
|     return best, mean(test[best])
    Your search begins at 0, so nothing can win where all scores are below. Begin at
    minus infinity, or use max.
by position: test[best => list(test.values())[list(validation).index(best)
    The numbers of the test are taken by their position in the dict. Look the chosen
    name up.
largest name: , key=lambda name: mean(validation[name]) =>
    max of a dict compares its names. Give it the mean as a key.
the lowest: max(validation => min(validation
    The variant with the lowest score is chosen. A higher score is better.
the mean of all: mean(test[best]) => mean((x for one in test.values() for x in one))
    The mean over all variants is reported. Report the mean of the chosen one.
the runs themselves: mean(test[best]) => test[best]
    The single runs are reported. Report their mean.
"""

EXERCISE = Exercise(
    id="choose-and-report",
    chapter=13,
    title="Choose here, report there",
    difficulty=1,
    minutes=8,
    stub=STUB,
    solution=choose_and_report,
    accepted={"loop": with_loop},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Two steps that do not share their numbers: choose, then report.",
        "max(names, key=...) with the mean of the validation scores.",
        "Return that name and mean(test[name]).",
    ),
)
