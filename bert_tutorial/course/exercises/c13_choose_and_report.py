"""Exercise: choose on one set of questions, report on another.

Chapter: 13
"""

from statistics import mean, median

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def on_the_test(validation: Scores, test: Scores) -> tuple[str, float]:
    """Tune on the test set."""
    best = max(test, key=lambda name: mean(test[name]))
    return best, mean(test[best])


def best_seed(validation: Scores, test: Scores) -> tuple[str, float]:
    """Choose by the best single run."""
    best = max(validation, key=lambda name: max(validation[name]))
    return best, mean(test[best])


def best_test_seed(validation: Scores, test: Scores) -> tuple[str, float]:
    """Report the best run."""
    best = max(validation, key=lambda name: mean(validation[name]))
    return best, max(test[best])


def seed_of_choice(validation: Scores, test: Scores) -> tuple[str, float]:
    """Report the run that was best on validation."""
    best = max(validation, key=lambda name: mean(validation[name]))
    seed = max(range(len(test[best])), key=lambda position: validation[best][position])
    return best, test[best][seed]


def reports_validation(validation: Scores, test: Scores) -> tuple[str, float]:
    """Report what was chosen by."""
    best = max(validation, key=lambda name: mean(validation[name]))
    return best, mean(validation[best])


def by_sum(validation: Scores, test: Scores) -> tuple[str, float]:
    """Choose by both."""
    best = max(validation, key=lambda name: mean(validation[name]) + mean(test[name]))
    return best, mean(test[best])


def by_median(validation: Scores, test: Scores) -> tuple[str, float]:
    """Choose by the median."""
    best = max(validation, key=lambda name: median(validation[name]))
    return best, mean(test[best])


def by_total(validation: Scores, test: Scores) -> tuple[str, float]:
    """Choose by the sum."""
    best = max(validation, key=lambda name: sum(validation[name]))
    return best, mean(test[best])


def from_zero(validation: Scores, test: Scores) -> tuple[str, float]:
    """Begin the search at 0."""
    best, top = next(iter(validation)), 0.0
    for name, scores in validation.items():
        if mean(scores) > top:
            best, top = name, mean(scores)
    return best, mean(test[best])


def by_position(validation: Scores, test: Scores) -> tuple[str, float]:
    """Take the numbers at the same position of the other dict."""
    best = max(validation, key=lambda name: mean(validation[name]))
    return best, mean(list(test.values())[list(validation).index(best)])


def by_name(validation: Scores, test: Scores) -> tuple[str, float]:
    """Compare the names."""
    best = max(validation)
    return best, mean(test[best])


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


EXERCISE = Exercise(
    id="choose-and-report",
    chapter=13,
    title="Choose here, report there",
    difficulty=1,
    minutes=8,
    stub=STUB,
    solution=choose_and_report,
    accepted={"loop": with_loop},
    mutants=[
        Mutant(
            "tuned on the test",
            on_the_test,
            "You choose by the test scores. The largest of several noisy numbers is "
            "too large on average; then nothing is left to report honestly.",
        ),
        Mutant(
            "best of the seeds",
            best_seed,
            "You choose by the best single run. A variant that varies most wins by "
            "luck; compare means.",
        ),
        Mutant(
            "best test run",
            best_test_seed,
            "You report the best of the seeds. Report their mean.",
        ),
        Mutant(
            "one run reported",
            seed_of_choice,
            "You report a single run, the one that was best on validation. Report the "
            "mean over the seeds.",
        ),
        Mutant(
            "validation reported",
            reports_validation,
            "You report the number that you chose by. It was picked because it was "
            "large; report the test.",
        ),
        Mutant(
            "both together",
            by_sum,
            "The test scores take part in the choice. Not even a little: it is tuning "
            "on the test.",
        ),
        Mutant(
            "median",
            by_median,
            "You choose by the median. The task asks for the mean over the seeds.",
        ),
        Mutant(
            "sum of the seeds",
            by_total,
            "You choose by the sum, so the variant with the most seeds wins. "
            "Compare means.",
        ),
        Mutant(
            "search begins at 0",
            from_zero,
            "Your search begins at 0, so nothing can win where all scores are "
            "below. Begin at minus infinity, or use max.",
        ),
        Mutant(
            "by position",
            by_position,
            "The numbers of the test are taken by their position in the dict. Look "
            "the chosen name up.",
        ),
        Mutant(
            "largest name",
            by_name,
            "max of a dict compares its names. Give it the mean as a key.",
        ),
    ],
    cases=cases,
    hints=(
        "Two steps that do not share their numbers: choose, then report.",
        "max(names, key=...) with the mean of the validation scores.",
        "Return that name and mean(test[name]).",
    ),
)
