"""What to look at in a published encoder: words in context, neighbours, texts, heads.

Each function gives numbers that a null model can be held against: another word in the
same contexts, words drawn at random, TF-IDF, an untrained model. They are on the CPU,
wherever the model is.

Chapter: 9
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.model.bert import BertModel
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "ASKED",
    "MONEY",
    "NOTES",
    "RIVER",
    "head_weights",
    "mean_cosines",
    "mean_vectors",
    "nearest_words",
    "tf_idf",
    "word_vectors",
]

RIVER = (
    "The {} was steep and covered with grass.",
    "We tied the boat to the {} of the river.",
    "The fisherman sat on the {} all day.",
    "The stream rose over its {} after the rain.",
    "They walked along the muddy {} to the bridge.",
    "Reeds grow on the {} where the water is slow.",
)
MONEY = (
    "The {} raised its interest rates again.",
    "She paid the cheque into the {}.",
    "He asked the {} for a loan to buy a house.",
    "The {} refused to open an account for him.",
    "A customer of the {} lost all his savings.",
    "The manager of the {} counted the money.",
)
NOTES = (
    "Plants turn sunlight into sugar.",
    "The company fired half of its staff last winter.",
    "A bridge over the strait will open next year.",
    "Too much salt raises the pressure of the blood.",
    "The orchestra plays Mozart on Friday evening.",
    "Farmers fear that locusts will eat the harvest.",
    "The striker scored twice in the final minutes.",
    "Her phone was stolen on the underground.",
    "Glaciers in the Alps shrink from year to year.",
    "The museum shows paintings by Dutch masters.",
    "The judge sent the thief to prison.",
    "New vaccines protect infants against measles.",
)
ASKED = (  # one for each note, with hardly any of its words
    "How do leaves make food?",
    "layoffs at a business",
    "connecting two shores by road",
    "What should people with hypertension avoid eating?",
    "classical concert at the weekend",
    "insects are destroying crops",
    "Who won the football match at the end?",
    "robbery on the subway",
    "effects of a warmer climate on ice",
    "exhibition of old art",
    "sentence for stealing",
    "immunising babies",
)


@torch.no_grad()
def word_vectors(
    model: BertModel, tokenizer: BertTokenizer, contexts: Sequence[str], word: str
) -> Tensor:
    """Give the vector of a word in each context, after the embeddings and each layer.

    Args:
        model: the encoder, in eval mode.
        tokenizer: its own; the word must be one piece.
        contexts: sentences with {} where the word goes.
        word: the word.

    Returns:
        (L + 1, N, H), each vector of length 1.
    """
    found = []
    for context in contexts:
        line = tokenizer.encode(context.format(word))
        ids = torch.tensor([line.ids], device=model.device)
        states = model(ids, output_hidden_states=True)
        at = line.tokens.index(word)
        found.append(torch.stack([one[0, at] for one in states.hidden_states or ()]))
    return F.normalize(torch.stack(found, dim=1), dim=-1).cpu()


def mean_cosines(vectors: Tensor) -> tuple[float, float]:
    """Compare the first half of some vectors with the second half.

    Args:
        vectors: (2n, H), of length 1; the first n are one group, the rest the other.

    Returns:
        The mean cosine of two vectors of one group, and of two of different groups.
    """
    n = len(vectors) // 2
    cosines = vectors @ vectors.T
    group = torch.arange(2 * n) >= n
    is_same = group[:, None] == group[None, :]
    is_pair = torch.ones_like(cosines).triu(1).bool()
    same, other = cosines[is_pair & is_same], cosines[is_pair & ~is_same]
    return same.mean().item(), other.mean().item()


def nearest_words(
    table: Tensor, tokenizer: BertTokenizer, word: str, k: int = 5
) -> list[tuple[str, float]]:
    """Find the pieces whose rows of the word table have the largest cosine with one's.

    Args:
        table: (V, H), the word table.
        tokenizer: names the rows.
        word: a piece of the vocabulary.
        k: how many to give.

    Returns:
        Pieces and cosines, the nearest first, without the word itself.
    """
    rows = F.normalize(table.detach(), dim=-1)
    best = (rows @ rows[tokenizer.vocab[word]]).topk(k + 1)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokenizer.id_to_token[i], cosine) for i, cosine in pairs][1:]


@torch.no_grad()
def mean_vectors(
    model: BertModel, tokenizer: BertTokenizer, texts: Sequence[str]
) -> Tensor:
    """Give each text one vector: the mean of its last hidden states, of length 1.

    This is how the published encoder was trained to be used (Reimers and Gurevych
    2019, section 3).

    Returns:
        (N, H)
    """
    most = model.config.max_position_embeddings
    rows = [tokenizer.encode(text).ids[:most] for text in texts]
    lines = [torch.tensor([row], device=model.device) for row in rows]
    means = [model(line).last_hidden_state[0].mean(dim=0) for line in lines]
    return F.normalize(torch.stack(means), dim=-1).cpu()


def tf_idf(texts: Sequence[str], known: Sequence[str]) -> Tensor:
    """Give each text its word counts, each times the log of how rare the word is.

    Args:
        texts: to turn into vectors.
        known: the collection that says how rare a word is.

    Returns:
        (N, V), of length 1, with a column for each word of the collection.
    """

    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())

    documents = Counter(word for text in known for word in set(words(text)))
    column = {word: i for i, word in enumerate(sorted(documents))}
    table = torch.zeros(len(texts), len(column))
    for row, text in enumerate(texts):
        for word, count in Counter(words(text)).items():
            if word in column:
                weight = math.log(len(known) / documents[word])
                table[row, column[word]] = count * weight
    return F.normalize(table, dim=-1)


@torch.no_grad()
def head_weights(
    model: BertModel, tokenizer: BertTokenizer, texts: Sequence[str]
) -> dict[str, Tensor]:
    """Give each head's mean attention weight on the token before, after, and [CLS].

    Returns:
        (L, h) for each of "previous", "next" and "[CLS]"; heads and layers count
        from 0.
    """
    parts: dict[str, list[Tensor]] = {"previous": [], "next": [], "[CLS]": []}
    for text in texts:
        ids = torch.tensor([tokenizer.encode(text).ids], device=model.device)
        maps = model(ids, output_attentions=True).attentions or ()
        weights = torch.stack([one[0] for one in maps])  # (L, h, T, T)
        parts["previous"].append(weights.diagonal(-1, -2, -1).mean(-1))
        parts["next"].append(weights.diagonal(1, -2, -1).mean(-1))
        parts["[CLS]"].append(weights[..., 0].mean(-1))
    return {name: torch.stack(values).mean(0).cpu() for name, values in parts.items()}
