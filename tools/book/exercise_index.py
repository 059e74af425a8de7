"""Write the page that lists every exercise and the mistakes that it recognises."""

from collections import Counter

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.exercise import Exercise
from book_files import chapter_of_notebook, notebooks

__all__ = ["exercise_page"]

HEAD = """# Exercises and recognised mistakes

{exercises} exercises in {chapters} chapters recognise {mistakes} known mistakes.
For each exercise the book's tests show that the untouched stub counts as not attempted;
that the solution and {accepted} other right answers pass, with two seeds and in both
precisions; that every mistake below fails with its own hint; that a constant, the input
itself and random numbers fail; and that two mistakes which do the same share a hint.
This page is written from the exercises that those tests run through.

| chapter | exercise | difficulty | minutes | right answers | mistakes |
| --- | --- | --- | --- | --- | --- |
"""


def _row(exercise: Exercise, pages: dict[int, str]) -> str:
    """Write one line of the table."""
    page = pages.get(exercise.chapter)
    chapter = str(exercise.chapter)
    if page:
        chapter = f"[{chapter}](../notebooks/{page}.ipynb)"
    right = 1 + len(exercise.accepted)
    return (
        f"| {chapter} | {exercise.title} (`{exercise.id}`) | {exercise.difficulty} "
        f"| {exercise.minutes} | {right} | {len(exercise.mutants)} |"
    )


def _mistakes(exercise: Exercise) -> str:
    """List the mistakes of an exercise."""
    names = "; ".join(mutant.name for mutant in exercise.mutants)
    return f"**{exercise.title}** (`{exercise.id}`): {names}."


def exercise_page() -> str:
    """Write the page from the exercises."""
    exercises = sorted(all_exercises().values(), key=lambda e: (e.chapter, e.id))
    pages = {chapter_of_notebook(path): path.stem for path in notebooks()}
    chapters = Counter(exercise.chapter for exercise in exercises)
    text = HEAD.format(
        exercises=len(exercises),
        chapters=len(chapters),
        mistakes=sum(len(exercise.mutants) for exercise in exercises),
        accepted=sum(len(exercise.accepted) for exercise in exercises),
    )
    text += "\n".join(_row(exercise, pages) for exercise in exercises) + "\n"
    for chapter in chapters:
        own = [exercise for exercise in exercises if exercise.chapter == chapter]
        text += f"\n## Chapter {chapter}\n\n"
        text += "\n\n".join(_mistakes(exercise) for exercise in own) + "\n"
    return text
