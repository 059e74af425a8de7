"""Exercise: pieces per word, and how many words are lost.

Chapter: 21
"""

from collections.abc import Iterable

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.languages import fertility, is_unspaced
from bert_tutorial.tokenization.normalizer import CharacterTable, split_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

STUB = '''
def fertility(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Count the pieces per word of some texts.

    split_words(text, CharacterTable(tokenizer.do_lower_case)) gives the words;
    tokenizer.tokenize(word) gives the pieces of one. A word counts each time that it
    occurs. One that becomes [UNK] counts as one piece.

    Returns (pieces per word, fraction of the words that become [UNK]). With "owl" whole
    in the vocabulary and "owls" cut in two, "owl owl owls" gives (1.333, 0.0). Raises a
    ValueError if there is no word. Texts whose script puts no spaces between words have
    no words to count: the book's version refuses them (is_unspaced tells), yours may,
    and none is tried.
    """
    raise NotAttempted
'''


def spaced(texts: Iterable[str]) -> list[str]:
    """Give the texts, or refuse one whose script has no spaces."""
    kept = list(texts)
    if any(map(is_unspaced, kept)):
        raise ValueError("no spaces between words")
    return kept


def pieces_of(texts: Iterable[str], tokenizer: BertTokenizer) -> list[list[list[str]]]:
    """Give text by text, word by word, the pieces; refuse if there is no word."""
    texts = spaced(texts)
    table = CharacterTable(tokenizer.do_lower_case)
    found = [[tokenizer.tokenize(w) for w in split_words(t, table)] for t in texts]
    if not any(found):
        raise ValueError("no word")
    return found


def share_lost(words: list[list[str]]) -> float:
    """Give the fraction of [UNK]."""
    return sum(word == ["[UNK]"] for word in words) / len(words)


def in_a_list(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Collect all words first."""
    words = [word for text in pieces_of(texts, tokenizer) for word in text]
    return sum(map(len, words)) / len(words), share_lost(words)


def any_script(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Count in every script, as the task leaves open."""
    table = CharacterTable(tokenizer.do_lower_case)
    words = [tokenizer.tokenize(w) for t in texts for w in split_words(t, table)]
    if not words:
        raise ValueError("no word")
    return sum(map(len, words)) / len(words), share_lost(words)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Texts of unequal lengths, words that come again, lost words, nothing."""
    letters = ["##l", "##s", "##w", "o", "s", "w", "##o", "l"]
    vocabulary = [*SPECIAL_TOKENS, *letters, "owl", "slow", "##low", "a", "."]
    tokenizer = BertTokenizer(vocabulary)
    cased = BertTokenizer(vocabulary, do_lower_case=False)
    return [
        Case((["owl owl owls"], tokenizer), "owl owl owls"),
        Case((["owl", "slows sol owl owls"], tokenizer), "two texts, 1 and 4 words"),
        Case((["Owl. A wolf!", "sows"], tokenizer), "two words are lost"),
        Case((["ξ ψ", "slows."], tokenizer), "two letters that are not there"),
        Case((["", " "], tokenizer), "no word"),
        Case((["Owl owl", "SLOW owls"], cased), "a tokenizer that keeps capitals"),
        Case(([], tokenizer), "no text"),
    ]


def run(answer: object, case: Case) -> tuple[float, float] | str:
    """Call an answer; a refusal is a result, too."""
    try:
        return answer(*case.args)  # type: ignore[operator, no-any-return]
    except ValueError:
        return "refused with a ValueError"


MISTAKES = """
each different word once: … => texts = list(texts)
|     if any(map(is_unspaced, texts)):
|         raise ValueError('no spaces between words')
|     table = CharacterTable(tokenizer.do_lower_case)
|     words = dict.fromkeys(w for text in texts for w in split_words(text, table))
|     return right([' '.join(words)], tokenizer)
    You count each different word once. Frequent words are the short ones and mostly
    whole: count a word each time that it occurs.
mean of the texts: … => texts = list(texts)
|     right(texts, tokenizer)
|     table = CharacterTable(tokenizer.do_lower_case)
|     found = [right([text], tokenizer) for text in texts if split_words(text, table)]
|     return tuple(sum(one) / len(found) for one in zip(*found))
    You take the mean of the texts' figures, so a text of one word weighs as much as one
    of a hundred. Count pieces and words over all texts.
[CLS] and [SEP] counted: len(found) => len(found) + 2
    Two pieces a word are [CLS] and [SEP]. They are no part of it: tokenize, not encode.
characters per word: len(found) => len(word)
    These are characters per word. Count the pieces that tokenizer.tokenize gives.
words per piece: pieces / words => words / pieces
    Yours is words per piece. Turn the fraction round.
lost words left out: pieces / words => (pieces - unknown) / max(1, words - unknown)
    You leave [UNK] out of the pieces per word. Here it counts as one piece, and the
    second number says how often.
fraction of the pieces: unknown / words => unknown / pieces
    You divide the lost words by the number of pieces. Divide by the words.
split at whitespace: split_words(text, table) => text.split()
    The texts are split at whitespace, so a full stop stays at its word. split_words
    gives the words.
always lowered: tokenizer.do_lower_case => True
    The letters are lowered, although this tokenizer keeps capitals:
    CharacterTable(tokenizer.do_lower_case).
nothing refused:
- raise ValueError('texts must hold at least one word') => return (0.0, 0.0)
    Without any word yours gives numbers. There is nothing to count: raise a ValueError.
division by zero: not words => False
    Without any word you divide by zero. Raise a ValueError first.
"""

EXERCISE = Exercise(
    id="fertility",
    chapter=21,
    title="Pieces per word",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=fertility,
    accepted={"all words first": in_a_list, "every script": any_script},
    mutants=mistakes(MISTAKES),
    waived=dict.fromkeys(
        (
            "if is_unspaced(text): ... => if False: ...",
            "if is_unspaced(text): ... => pass",
            "raise ValueError(f'the scrip ... => pass",
        ),
        "the task leaves scripts without spaces open, and tries none",
    ),
    cases=cases,
    run=run,
    hints=(
        "Three counters over all texts: words, pieces, lost words.",
        "For each word: words += 1 and pieces += len(tokenizer.tokenize(word)).",
        'A lost word has "[UNK]" in its pieces. Divide both by words at the end.',
    ),
)
