"""Exercise: pieces per word, and how many words are lost.

Chapter: 21
"""

from collections.abc import Iterable
from statistics import mean

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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
    ValueError if there is no word, or if is_unspaced(text) says that the script of a
    text puts no spaces between words (then there are no words to count).
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


def over_types(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Count each different word once."""
    texts = spaced(texts)
    table = CharacterTable(tokenizer.do_lower_case)
    different = dict.fromkeys(w for t in texts for w in split_words(t, table))
    return in_a_list([" ".join(different)], tokenizer)


def mean_of_means(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Take the mean of the texts' figures."""
    found = [text for text in pieces_of(texts, tokenizer) if text]
    each = [(sum(map(len, text)) / len(text), share_lost(text)) for text in found]
    return mean(one for one, _ in each), mean(lost for _, lost in each)


def with_specials(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Count [CLS] and [SEP] of each word's encoding."""
    words = [word for text in pieces_of(texts, tokenizer) for word in text]
    return (sum(map(len, words)) + 2 * len(words)) / len(words), share_lost(words)


def inverted(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Give words per piece."""
    pieces, lost = in_a_list(texts, tokenizer)
    return 1 / pieces, lost


def lost_left_out(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Leave lost words out of the pieces per word."""
    words = [word for text in pieces_of(texts, tokenizer) for word in text]
    kept = [word for word in words if word != ["[UNK]"]] or [[]]
    return sum(map(len, kept)) / len(kept), share_lost(words)


def lost_of_pieces(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Divide the lost words by the pieces."""
    words = [word for text in pieces_of(texts, tokenizer) for word in text]
    pieces, lost = in_a_list(texts, tokenizer)
    return pieces, lost * len(words) / sum(map(len, words))


def at_spaces(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Split at whitespace only."""
    words = [tokenizer.tokenize(w) for text in spaced(texts) for w in text.split()]
    if not words:
        raise ValueError("no word")
    lost = sum("[UNK]" in word for word in words)
    return sum(map(len, words)) / len(words), lost / len(words)


def always_lowered(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Lower the letters whatever the tokenizer does."""
    found = [split_words(text, CharacterTable()) for text in spaced(texts)]
    return in_a_list([" ".join(words) for words in found], tokenizer)


def not_refused(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Give zeros where there is no word."""
    kept = spaced(texts)
    return in_a_list(kept, tokenizer) if "".join(kept).split() else (0.0, 0.0)


def divided_by_none(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Divide by no words."""
    table = CharacterTable(tokenizer.do_lower_case)
    texts = spaced(texts)
    words = [tokenizer.tokenize(w) for t in texts for w in split_words(t, table)]
    return sum(map(len, words)) / len(words), share_lost(words)


def characters_counted(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Take the single characters of Chinese, and the clauses of Thai, for words."""
    table = CharacterTable(tokenizer.do_lower_case)
    words = [tokenizer.tokenize(w) for t in texts for w in split_words(t, table)]
    if not words:
        raise ValueError("no word")
    return sum(map(len, words)) / len(words), share_lost(words)


def unspaced_left_out(
    texts: Iterable[str], tokenizer: BertTokenizer
) -> tuple[float, float]:
    """Count the other texts only."""
    return in_a_list([text for text in texts if not is_unspaced(text)], tokenizer)


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
        Case((["owl owls", "人人生而自由"], tokenizer), "a Chinese text"),
        Case((["มนุษย์ owl"], tokenizer), "a Thai word and an English one"),
    ]


def run(answer: object, case: Case) -> tuple[float, float] | str:
    """Call an answer; a refusal is a result, too."""
    try:
        return answer(*case.args)  # type: ignore[operator, no-any-return]
    except ValueError:
        return "refused with a ValueError"


EXERCISE = Exercise(
    id="fertility",
    chapter=21,
    title="Pieces per word",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=fertility,
    accepted={"all words first": in_a_list},
    mutants=[
        Mutant(
            "each different word once",
            over_types,
            "You count each different word once. Frequent words are the short ones and "
            "mostly whole: count a word each time that it occurs.",
        ),
        Mutant(
            "mean of the texts",
            mean_of_means,
            "You take the mean of the texts' figures, so a text of one word weighs as "
            "much as one of a hundred. Count pieces and words over all texts.",
        ),
        Mutant(
            "[CLS] and [SEP] counted",
            with_specials,
            "Two pieces a word are [CLS] and [SEP]. They are no part of it: tokenize, "
            "not encode.",
        ),
        Mutant(
            "words per piece",
            inverted,
            "Yours is words per piece. Turn the fraction round.",
        ),
        Mutant(
            "lost words left out",
            lost_left_out,
            "You leave [UNK] out of the pieces per word. Here it counts as one piece, "
            "and the second number says how often.",
        ),
        Mutant(
            "fraction of the pieces",
            lost_of_pieces,
            "You divide the lost words by the number of pieces. Divide by the words.",
        ),
        Mutant(
            "split at whitespace",
            at_spaces,
            "The texts are split at whitespace, so a full stop stays at its word. "
            "split_words gives the words.",
        ),
        Mutant(
            "always lowered",
            always_lowered,
            "The letters are lowered, although this tokenizer keeps capitals: "
            "CharacterTable(tokenizer.do_lower_case).",
        ),
        Mutant(
            "nothing refused",
            not_refused,
            "Without any word yours gives numbers. There is nothing to count: "
            "raise a ValueError.",
        ),
        Mutant(
            "unspaced scripts counted",
            characters_counted,
            "Chinese and Thai have no spaces between words. What you count there are "
            "single characters or whole clauses: raise a ValueError.",
        ),
        Mutant(
            "unspaced texts left out",
            unspaced_left_out,
            "You leave out a text without spaces, so the figure is about another "
            "corpus than the one given. Raise a ValueError.",
        ),
        Mutant(
            "division by zero",
            divided_by_none,
            "Without any word you divide by zero. Raise a ValueError first.",
        ),
    ],
    cases=cases,
    run=run,
    hints=(
        "Three counters over all texts: words, pieces, lost words.",
        "For each word: words += 1 and pieces += len(tokenizer.tokenize(word)).",
        'A lost word has "[UNK]" in its pieces. Divide both by words at the end.',
    ),
)
