"""What chapter 9 compares with: the published encoder in transformers, and retrieval.

    python tools/experiments/real_bert.py --questions xquad.en.json

Slices of every hidden state, computed by the library transformers in float64 from the
published file; the largest relative gaps of our forward pass to the library's, in both
precisions; and how often a question of XQuAD's English part finds its own paragraph
among all of them, by TF-IDF, by the mean of the table's rows, and by the encoder. Only
numbers are stored. One thread, about a minute.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from record import RUNS, main
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModel

from bert_tutorial import BertModel, BertTokenizer
from bert_tutorial.files.hub import ENCODER, ENCODER_SHA256, published_encoder
from bert_tutorial.labs.real_encoder import (
    ASKED,
    MONEY,
    NOTES,
    RIVER,
    head_weights,
    mean_cosines,
    mean_vectors,
    nearest_words,
    tf_idf,
    word_vectors,
)
from bert_tutorial.tasks.questions.files import read_squad

SENTENCE = "The river rose over its bank after three days of rain."
WORDS = ("bank", "place", "school", "man")
NEIGHBOURS = ("king", "paris", "bank", "seven", "##ing")
POSITIONS, DIMENSIONS = (0, 6, 13), 4  # [CLS], bank, [SEP]; the first numbers of each


@torch.no_grad()
def states(model: Any, ids: list[int], dtype: torch.dtype) -> list[Tensor]:
    """Give the hidden states of one text: the embeddings, then each layer's."""
    out = model.to(dtype)(torch.tensor([ids]), output_hidden_states=True)
    return [one[0] for one in out.hidden_states]


def relative_gaps(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> list[float]:
    """Give the largest difference of each state, relative to its largest number."""
    pairs = zip(ours, theirs, strict=True)
    return [((a - b).abs().max() / b.abs().max()).item() for a, b in pairs]


def parity() -> dict[str, Any]:
    """Compare with transformers, and keep slices of its states."""
    folder = published_encoder()
    ids = BertTokenizer.from_pretrained(folder).encode(SENTENCE).ids
    ours, theirs = BertModel.from_pretrained(folder), AutoModel.from_pretrained(folder)
    gaps = {
        name: relative_gaps(states(ours, ids, dtype), states(theirs.eval(), ids, dtype))
        for name, dtype in (("float32", torch.float32), ("float64", torch.float64))
    }
    exact = states(theirs, ids, torch.float64)
    attention: Any = ours.float().encoder.layers[3].attention
    attention.query, attention.key = attention.key, attention.query
    swapped = relative_gaps(states(ours, ids, torch.float32), exact)
    slices = [
        [[round(x, 9) for x in one[at, :DIMENSIONS].tolist()] for at in POSITIONS]
        for one in exact
    ]
    return {
        "sentence": SENTENCE,
        "ids": ids,
        "positions": list(POSITIONS),
        "slices": slices,
        "scales": [round(one.abs().max().item(), 6) for one in exact],
        "relative gaps": gaps,
        "query and key of layer 3 swapped": swapped,
    }


@torch.no_grad()
def static_vectors(texts: Sequence[str]) -> Tensor:
    """Give the mean of a text's rows of the word table, of length 1: (N, H)."""
    folder = published_encoder()
    tokenizer = BertTokenizer.from_pretrained(folder)
    table = BertModel.from_pretrained(folder).embeddings.word_embeddings
    ids = [torch.tensor(tokenizer.encode(text).ids[1:-1]) for text in texts]
    return F.normalize(torch.stack([table(one).mean(0) for one in ids]), dim=-1)


def encoded(texts: Sequence[str]) -> Tensor:
    """Give the encoder's vectors of texts: (N, H)."""
    folder = published_encoder()
    tokenizer = BertTokenizer.from_pretrained(folder)
    return mean_vectors(BertModel.from_pretrained(folder), tokenizer, texts)


def random_cosine(table: Tensor, tokenizer: BertTokenizer) -> float:
    """Give the cosine that one pair of random words in a hundred exceeds."""
    known = [i for piece, i in tokenizer.vocab.items() if piece.isalpha()]
    pairs = torch.tensor(known)[torch.randint(len(known), (2, 5_000))]
    drawn = F.normalize(table.detach(), dim=-1)[pairs]
    return (drawn[0] * drawn[1]).sum(dim=-1).quantile(0.99).item()


def page() -> dict[str, Any]:
    """Measure what chapter 9 measures, for a reader without the encoder."""
    folder = published_encoder()
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder)
    torch.manual_seed(0)
    fresh = BertModel(model.config).eval()
    contexts = [*RIVER, *MONEY]
    table = model.embeddings.word_embeddings.weight
    notes = {
        "TF-IDF": tf_idf(ASKED, NOTES) @ tf_idf(NOTES, NOTES).T,
        "mean of table rows": static_vectors(ASKED) @ static_vectors(NOTES).T,
        "encoder": encoded(ASKED) @ encoded(NOTES).T,
    }
    right = torch.arange(len(NOTES))
    texts = [context.format("bank") for context in contexts]
    return {
        "random cosine": round(random_cosine(table, tokenizer), 4),
        "cosines": {
            word: [
                mean_cosines(one)
                for one in word_vectors(model, tokenizer, contexts, word)
            ]
            for word in WORDS
        },
        "neighbours": {
            word: nearest_words(table, tokenizer, word) for word in NEIGHBOURS
        },
        "notes found": {
            name: int((one.argmax(dim=-1) == right).sum())
            for name, one in notes.items()
        },
        "heads": {
            kind: {
                name: [[round(x, 4) for x in row] for row in one.tolist()]
                for name, one in head_weights(which, tokenizer, texts).items()
            }
            for kind, which in (("published", model), ("untrained", fresh))
        },
    }


def retrieval(file: Path) -> dict[str, Any]:
    """Let each question find its paragraph among all."""
    items = read_squad(file)
    paragraphs = list(dict.fromkeys(item.context for item in items))
    asked = [item.question for item in items]
    gold = torch.tensor([paragraphs.index(item.context) for item in items])
    ways: dict[str, Callable[[Sequence[str]], Tensor]] = {
        "TF-IDF": lambda texts: tf_idf(texts, paragraphs),
        "mean of table rows": static_vectors,
        "encoder": encoded,
    }
    found: dict[str, Any] = {"questions": len(items), "paragraphs": len(paragraphs)}
    for name, embed in ways.items():
        began = time.process_time()
        order = (embed(asked) @ embed(paragraphs).T).argsort(dim=-1, descending=True)
        ranks = (order == gold[:, None]).float().argmax(dim=-1)
        found[name] = {
            "first": round((ranks == 0).float().mean().item(), 4),
            "among five": round((ranks < 5).float().mean().item(), 4),
            "seconds": round(time.process_time() - began, 1),
        }
        print(name, found[name], flush=True)
    return found


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run everything; the document has numbers only."""
    document |= {"encoder": ENCODER, "sha256": ENCODER_SHA256, "parity": parity()}
    document["page"] = page()
    yield
    document["retrieval"] = retrieval(options.questions)
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--questions", type=Path, required=True)


if __name__ == "__main__":
    main(run, RUNS / "real_bert.json", seeds=None, options=add_options)
