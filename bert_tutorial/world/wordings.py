"""The sentences in which the mini-world states a fact: ten wordings a relation.

`{x}` is the subject, `{y}` the object. In some wordings the subject comes
first, in others the object; the last one of each relation is a question with
its answer. Openings and endings move the words to other positions, so that no
position gives the answer away.

Chapter: 12
Used from: 1
"""

import random

from bert_tutorial.world.rendering import ask, render, tidy, words

__all__ = [
    "CLOSINGS",
    "OPENINGS",
    "WORDINGS",
    "ask",
    "decorate",
    "render",
    "tidy",
    "words",
]

WORDINGS: dict[str, tuple[str, ...]] = {
    "capital": (
        "The capital of {x} is {y}.",
        "{y} is the capital of {x}.",
        "{y} is the capital city of {x}.",
        "{x} has its capital in {y}.",
        "The government of {x} sits in {y}.",
        "{x} is governed from {y}.",
        "The capital city of {x} is called {y}.",
        "In {y} you find the government of {x}.",
        "The first city of {x} is {y}, its capital.",
        "What is the capital of {x}? It is {y}.",
    ),
    "continent": (
        "{x} is a country in {y}.",
        "{x} lies in {y}.",
        "{x} is part of {y}.",
        "{y} is the continent of {x}.",
        "In {y} you find {x}.",
        "The continent of {x} is {y}.",
        "The country {x} belongs to {y}.",
        "You can visit {x} on a tour of {y}.",
        "One of the countries of {y} is {x}.",
        "Where is {x}? It is in {y}.",
    ),
    "language": (
        "The language of {x} is {y}.",
        "People in {x} speak {y}.",
        "In {x} people speak {y}.",
        "{y} is spoken in {x}.",
        "{y} is a language of {x}.",
        "If you go to {x}, learn {y}.",
        "The newspapers of {x} are written in {y}.",
        "Children in {x} learn to read {y}.",
        "You hear {y} in the streets of {x}.",
        "What do people speak in {x}? They speak {y}.",
    ),
    "currency": (
        "The currency of {x} is the {y}.",
        "People in {x} pay with the {y}.",
        "In {x} you pay with the {y}.",
        "The {y} is the money of {x}.",
        "The money of {x} is called the {y}.",
        "In the shops of {x} everything costs so many {y}.",
        "Prices in {x} are given in {y}.",
        "The {y} is used in {x}.",
        "The banks of {x} count in {y}.",
        "What is the money of {x}? It is the {y}.",
    ),
    "class": (
        "The {x} is a kind of {y}.",
        "A {x} is a {y}.",
        "Every {x} is a {y}.",
        "The {x} belongs to the class {y}.",
        "In the class {y} you find the {x}.",
        "The {x} counts as a {y}.",
        "One {y} is the {x}.",
        "The {x} was filed under {y}.",
        "An animal of the class {y} is the {x}.",
        "What kind of animal is the {x}? It is a {y}.",
    ),
    "sound": (
        "The {x} {y}.",
        "A {x} {y}.",
        "The animal that {y} is the {x}.",
        "Every {x} {y}.",
        "Listen, the {x} {y}.",
        "When it is hungry, the {x} {y}.",
        "It {y}, so it is a {x}.",
        "At night the {x} {y}.",
        "Something {y}, it must be the {x}.",
        "What does the {x} do? It {y}.",
    ),
    "home": (
        "The {x} lives in the {y}.",
        "The home of the {x} is the {y}.",
        "In the {y} you find the {x}.",
        "The {y} is the home of the {x}.",
        "A {x} sleeps in the {y}.",
        "Look for the {x} in the {y}.",
        "The {x} comes out of the {y}.",
        "The {x} returns to the {y}.",
        "The {y} belongs to the {x}.",
        "Where does the {x} live? It lives in the {y}.",
    ),
    "symbol": (
        "The symbol of {x} is {y}.",
        "{y} is the symbol of {x}.",
        "{x} has the symbol {y}.",
        "{y} stands for {x}.",
        "Chemists write {y} for {x}.",
        "The sign {y} means {x}.",
        "For {x} we write {y}.",
        "{x} is written as {y}.",
        "In the table {x} is called {y}.",
        "What is the symbol of {x}? It is {y}.",
    ),
    "state": (
        "At room temperature {x} is a {y}.",
        "{x} is a {y}.",
        "In this room {x} would be a {y}.",
        "{x} is usually a {y}.",
        "{x} counts as a {y}.",
        "We know {x} as a {y}.",
        "On a mild day {x} is a {y}.",
        "A {y} at room temperature is {x}.",
        "One example of a {y} is {x}.",
        "What is {x} at room temperature? It is a {y}.",
    ),
    "tool": (
        "The {x} works with the {y}.",
        "The tool of the {x} is the {y}.",
        "A {x} needs the {y}.",
        "The {y} is the tool of the {x}.",
        "The {y} is used by the {x}.",
        "Every {x} has the {y} at hand.",
        "Without the {y} the {x} cannot work.",
        "The {x} takes the {y}.",
        "Give the {y} to the {x}.",
        "What does the {x} work with? With the {y}.",
    ),
    "workplace": (
        "The {x} works in the {y}.",
        "The place of the {x} is the {y}.",
        "In the {y} you meet the {x}.",
        "A {x} spends the day in the {y}.",
        "The {y} is where the {x} works.",
        "The {x} goes to the {y}.",
        "Every morning the {x} opens the {y}.",
        "You meet the {x} in the {y}.",
        "The {y} is looked after by the {x}.",
        "Where does the {x} work? In the {y}.",
    ),
    "residence": (
        "{x} lives in {y}.",
        "The home of {x} is in {y}.",
        "{x} has a flat in {y}.",
        "In {y} you can visit {x}.",
        "{y} is where {x} lives.",
        "{x} moved to {y} long ago.",
        "The address of {x} is in {y}.",
        "You meet {x} in the streets of {y}.",
        "{x} rents a room in {y}.",
        "Where does {x} live? In {y}.",
    ),
    "citizenship": (
        "{x} is a citizen of {y}.",
        "{x} has a passport of {y}.",
        "{y} is the country of {x}.",
        "{x} votes in {y}.",
        "The country of {x} is {y}.",
        "{x} comes from {y}.",
        "{x} pays taxes in {y}.",
        "The passport of {x} was made in {y}.",
        "{y} counts {x} among its citizens.",
        "Where does {x} come from? From {y}.",
    ),
}

# The first group also fits before a question.
OPENINGS = (
    ("By the way, ", "So, ", "Well, ", "Now, ", "Once more, ", "To begin with, "),
    (
        "We read that ",
        "The book says that ",
        "It is well known that ",
        "As everybody knows, ",
        "In fact, ",
        "I have heard that ",
        "Our teacher told us that ",
        "It is true that ",
        "Do not forget that ",
        "You may remember that ",
    ),
)
CLOSINGS = (
    ", I think",
    ", as you know",
    ", they say",
    " to this day",
    ", of course",
    " after all",
    ", my friend",
    ", and that is certain",
    ", if I remember well",
)

_NAMES_FIRST = "{"


def decorate(
    wording: str,
    rng: random.Random,
    opening_rate: float = 0.4,
    closing_rate: float = 0.15,
) -> str:
    """Move the words of a wording: sometimes an opening, sometimes an ending."""
    if rng.random() < closing_rate:
        wording = wording[:-1] + rng.choice(CLOSINGS) + "."
    if rng.random() < opening_rate:
        openings = OPENINGS[0] if "?" in wording else OPENINGS[0] + OPENINGS[1]
        if not wording.startswith(_NAMES_FIRST):
            wording = wording[0].lower() + wording[1:]
        wording = rng.choice(openings) + wording
    return wording
