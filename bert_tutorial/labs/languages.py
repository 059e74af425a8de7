"""Two languages, one model: what a tokenizer does to each, how often each is drawn.

And runs on two languages at once, on one alone, or on one after the other.

Chapter: 21
"""

import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import torch
from torch import Tensor

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.batches import PretrainingBatches
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.normalizer import CharacterTable, split_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.loop import train
from bert_tutorial.world.data import WorldRecipe
from bert_tutorial.world.knowledge import answer_probes, majority_recall, recall
from bert_tutorial.world.ledger import Probe
from bert_tutorial.world.two_languages import TwoLanguages

__all__ = [
    "LanguageData",
    "LanguageRecipe",
    "continue_on",
    "declaration",
    "fertility",
    "is_unspaced",
    "majority",
    "merged_words",
    "one_form",
    "sampling_weights",
    "shares",
]


def sampling_weights(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Give each language the probability with which it is drawn.

    Fractions of the text are raised to a power and divided by their sum (Devlin, README
    of multilingual BERT, 2018; Lample and Conneau 2019, section 3.1). An exponent of 1
    leaves them as they are, 0 draws all languages equally often.

    Args:
        counts: how much text each language has, in any unit.
        exponent: from 0 to 1.

    Returns:
        Probabilities that sum to 1.

    Raises:
        ValueError: a count is not above 0, or the exponent is not from 0 to 1.

    >>> [round(weight, 3) for weight in sampling_weights([1000, 1], exponent=0.7)]
    [0.992, 0.008]
    """
    if not counts or min(counts) <= 0:
        raise ValueError(f"counts must all be above 0, got {list(counts)}")
    if not 0 <= exponent <= 1:
        raise ValueError(f"exponent must be from 0 to 1, got {exponent}")
    total = sum(counts)
    powers = [(count / total) ** exponent for count in counts]
    return [power / sum(powers) for power in powers]


MASK = "[MASK]"


def one_form(text: str) -> str:
    """Lower a text and write each letter with its marks as one character (NFC).

    No accent is lost, and a text in another of Unicode's forms comes out the same.
    [MASK] stays as it is.
    """
    parts = [unicodedata.normalize("NFC", part).lower() for part in text.split(MASK)]
    return MASK.join(parts)


def merged_words(words: Iterable[str]) -> list[list[str]]:
    """Find different words that the uncased normaliser makes the same.

    Words are compared in one form and in lower case, so only lost marks count. Words
    that differ in case alone ("Weg", "weg") never make a group.

    Returns:
        Groups of two or more words, sorted.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    table = CharacterTable()
    for word in words:
        groups[" ".join(split_words(word, table))].add(one_form(word))
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao; Burmese; Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"  # kana; Chinese
)


def is_unspaced(text: str) -> bool:
    """Say whether a text has letters of a script that puts no spaces between words.

    >>> is_unspaced("word"), is_unspaced("人人生而自由"), is_unspaced("모든 인간은")
    (False, True, False)
    """
    return UNSPACED.search(text) is not None


def declaration() -> dict[str, str]:
    """Read article 1 of the Universal Declaration of Human Rights, by language.

    The texts are those of the United Nations (1948), English first: sentences that say
    the same thing. `data/human_rights/SOURCE.txt` names the source.
    """
    file = resources.files("bert_tutorial") / "data/human_rights/article_1.tsv"
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def fertility(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Count the pieces per word of some texts.

    A word is what `split_words` gives, counted each time that it occurs. One that
    becomes [UNK] counts as one piece, which flatters: look at the second number, too.

    Returns:
        Pieces per word, and the fraction of the words that become [UNK].

    Raises:
        ValueError: there is no word, or a text is in a script without spaces, where
            `split_words` gives single characters (Chinese) or clauses (Thai).
    """
    table = CharacterTable(tokenizer.do_lower_case)
    words = pieces = unknown = 0
    for text in texts:
        if is_unspaced(text):
            raise ValueError(f"the script must put spaces between words, got {text!r}")
        for word in split_words(text, table):
            found = tokenizer.tokenize(word)
            words += 1
            pieces += len(found)
            unknown += "[UNK]" in found
    if not words:
        raise ValueError("texts must hold at least one word")
    return pieces / words, unknown / words


@dataclass(frozen=True, kw_only=True)
class LanguageRecipe(WorldRecipe):
    """A recipe for two languages; the rest is the mini-world's of chapter 12.

    `first` and `second` count sentences of the two, 0 for none; `exponent` is that of
    `sampling_weights`. There are no documents, so no pairs of sentences either.
    """

    steps: int = 1_000
    tokens_per_batch: int = 1_024
    first: int = 20_000
    second: int = 20_000
    exponent: float = 0.7

    def __post_init__(self) -> None:
        """Refuse what the run could not honour."""
        super().__post_init__()
        if min(self.first, self.second) < 0 or not self.first + self.second:
            raise ValueError(
                "first and second must be at least 0 and not both 0, "
                f"got {self.first} and {self.second}"
            )


class LanguageData:
    """Two languages as ids of one vocabulary that has every word of both.

    Args:
        world: the texts and questions.
        sentences: how many of each language are there at most.

    Raises:
        ValueError: so few sentences do not hold every name.
    """

    def __init__(self, world: TwoLanguages, sentences: int = 20_000) -> None:
        """Write the texts, train the joint vocabulary, encode."""
        self.world = world
        texts = world.first_text(sentences), world.second_text(sentences)
        lines = [[one_form(line) for line in text] for text in texts]
        vocabulary = train_vocabulary(
            [*lines[0], *lines[1]],
            6_000,
            do_lower_case=False,
            min_frequency=1,
            drop_unused=True,
        )
        self.tokenizer = BertTokenizer(vocabulary, do_lower_case=False)
        if missing := self._names() - self.tokenizer.vocab.keys():
            raise ValueError(
                f"sentences must be enough to hold every name, got {sentences} "
                f"without {min(missing)!r}"
            )
        self.rows = [self.tokenizer.encode_lines(text) for text in lines]
        self.questions = {
            "first": in_one_form(world.first_probes()),
            "second": in_one_form(world.second_probes()),
            "crossing": in_one_form(world.crossing_probes()),
        }

    def _names(self) -> set[str]:
        """Collect the names as both languages write them."""
        names = self.world.names()
        return {one_form(w) for n in names for w in (n, self.world.second_name(n))}

    def rates(self, recipe: LanguageRecipe) -> Tensor:
        """Give each token id its chance of being predicted: (V,), names more often."""
        rates = torch.full((len(self.tokenizer),), recipe.other_rate)
        for name in self._names():
            rates[self.tokenizer.vocab[name]] = recipe.content_rate
        return rates

    def batches(self, recipe: LanguageRecipe) -> Iterator[dict[str, Tensor]]:
        """Draw a language by its sampling weight, and a batch of it, for ever."""
        counts = [recipe.first, recipe.second]
        languages = [number for number, count in enumerate(counts) if count]
        weights = sampling_weights([counts[n] for n in languages], recipe.exponent)
        sources = {n: self._source(n, counts[n], recipe) for n in languages}
        rng = random.Random(f"languages {recipe.seed}")
        while True:
            yield next(sources[rng.choices(languages, weights)[0]])

    def _source(
        self, number: int, count: int, recipe: LanguageRecipe
    ) -> PretrainingBatches:
        """Deal the rows of one language; few rows are repeated to fill the batches."""
        rows = self.rows[number]
        if count > len(rows):
            raise ValueError(
                f"the recipe must ask for at most {len(rows)} sentences of a language, "
                f"got {count}; make the data larger"
            )
        ends = self.tokenizer.cls_id, self.tokenizer.sep_id
        some = [([ends[0], *ids, ends[1]], None, -100) for ids in rows[:count]]
        masker = Masker(
            self.tokenizer,
            rates=self.rates(recipe),
            split=recipe.split,
            seed=recipe.seed * 2 + number,
        )
        return PretrainingBatches(
            some * -(-len(rows) // count),
            masker,
            recipe.tokens_per_batch,
            seed=recipe.seed,
        )

    def new_model(self, recipe: LanguageRecipe) -> BertForPreTraining:
        """Make an untrained model for the joint vocabulary."""
        torch.manual_seed(recipe.seed)
        return BertForPreTraining(recipe.config(len(self.tokenizer)))


def in_one_form(probes: Sequence[Probe]) -> list[Probe]:
    """Write questions and answers as the vocabulary does."""
    return [
        probe._replace(text=one_form(probe.text), answer=one_form(probe.answer))
        for probe in probes
    ]


def continue_on(
    model: BertForPreTraining, data: LanguageData, recipe: LanguageRecipe
) -> None:
    """Train a model in place: a new one, or one that has learned another text.

    It stays on the device that it is on.
    """
    train(
        model,
        data.batches(recipe),
        recipe.training_config(),
        device=model.device,
        progress=False,
    )


def shares(model: BertForPreTraining, data: LanguageData) -> dict[str, float]:
    """Give the share of right first choices for each kind of question."""
    return {
        kind: round(recall(answer_probes(model, data.tokenizer, probes)).share, 4)
        for kind, probes in data.questions.items()
    }


def majority(data: LanguageData) -> dict[str, float]:
    """Give what the commonest answer of each wording would get."""
    return {
        kind: round(majority_recall(probes).share, 4)
        for kind, probes in data.questions.items()
    }
