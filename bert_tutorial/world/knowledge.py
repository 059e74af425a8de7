"""Measure what a model knows: fill-in questions with one right answer each.

`answer_probes` asks a model for the word behind [MASK] in many sentences at once
and `recall` says how often the right word is its first choice. Beside each
figure stand those of who knows nothing: the majority answer of the wording, and
chance. `contradict` puts a false sentence before a question.

Chapter: 12
"""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.pairs import Pair, stack_pairs
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.ledger import Probe
from bert_tutorial.world.wordings import WORDINGS, render

__all__ = [
    "Answer",
    "Recall",
    "answer_probes",
    "contradict",
    "majority_recall",
    "next_sentence_accuracy",
    "recall",
    "recall_by_relation",
]


class Answer(NamedTuple):
    """What a model says to a probe.

    `probability` is that of the right word, `rank` is 1 if it is the first choice.
    """

    probe: Probe
    word: str
    probability: float
    rank: int


class Recall(NamedTuple):
    """Share of right first choices among `asked` probes."""

    share: float
    asked: int


@torch.no_grad()
def answer_probes(
    model: BertForPreTraining,
    tokenizer: BertTokenizer,
    probes: Sequence[Probe],
    batch_size: int = 256,
) -> list[Answer]:
    """Let a model answer probes; dropout is off while it does.

    Raises:
        ValueError: if a right answer is not one token of the vocabulary.
    """
    was_training = model.training
    model.eval()
    answers = []
    for start in range(0, len(probes), batch_size):
        part = probes[start : start + batch_size]
        rows = [tokenizer.encode(probe.text).ids for probe in part]
        ids, mask = (one.to(model.device) for one in pad(rows, tokenizer.pad_id))
        where = (ids == tokenizer.mask_id).int().argmax(dim=1)  # (B,)
        hidden = model.bert(ids, mask).last_hidden_state
        logits = model.cls.predictions(hidden[torch.arange(len(part)), where])  # (B, V)
        right = torch.tensor(
            [single_token(tokenizer, p.answer) for p in part], device=model.device
        )
        probabilities = logits.softmax(dim=-1)
        of_right = probabilities.gather(1, right[:, None])  # (B, 1)
        ranks = (probabilities > of_right).sum(dim=1) + 1
        words = [tokenizer.id_to_token[i] for i in logits.argmax(dim=-1).tolist()]
        rows_of = zip(part, words, of_right[:, 0].tolist(), ranks.tolist(), strict=True)
        answers += [Answer(*row) for row in rows_of]
    model.train(was_training)
    return answers


def single_token(tokenizer: BertTokenizer, word: str) -> int:
    """Look up the only token of a word."""
    pieces = tokenizer.tokenize(word)
    if len(pieces) != 1 or tokenizer.vocab[pieces[0]] == tokenizer.unk_id:
        raise UserError(
            f"the answer {word!r} must be one token, got {pieces}; "
            "train a larger vocabulary"
        )
    return tokenizer.vocab[pieces[0]]


def recall(answers: Sequence[Answer]) -> Recall:
    """Count right first choices."""
    return Recall(
        sum(a.rank == 1 for a in answers) / max(1, len(answers)), len(answers)
    )


def recall_by_relation(answers: Sequence[Answer]) -> dict[str, Recall]:
    """Count right first choices for each relation."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[answer.probe.fact.relation].append(answer)
    return {relation: recall(group) for relation, group in groups.items()}


def majority_recall(probes: Sequence[Probe]) -> Recall:
    """Score who gives each wording its most frequent answer, without any reading.

    It even knows the answers of the probes themselves: no one who ignores the
    subject can do better.
    """
    groups: dict[tuple[str, int, bool], Counter[str]] = defaultdict(Counter)
    for probe in probes:
        backwards = probe.answer == probe.fact.subject
        groups[probe.fact.relation, probe.wording, backwards][probe.answer] += 1
    hits = sum(counts.most_common(1)[0][1] for counts in groups.values())
    return Recall(hits / max(1, len(probes)), len(probes))


def contradict(probes: Sequence[Probe], seed: int = 0) -> list[tuple[Probe, str]]:
    """Put a false sentence before each question for an object.

    The sentence has the wording of the question and the object of another fact of its
    relation: "The capital of France is Oslo. The capital of France is [MASK]."
    Questions for a subject are left out.

    Args:
        probes: questions, as `World.probes` lists them.
        seed: decides the false words.

    Returns:
        For each question, with the right answer as before, the false word.

    Raises:
        ValueError: if a relation has no other object among the probes.
    """
    objects: dict[str, set[str]] = defaultdict(set)
    true: dict[tuple[str, str], set[str]] = defaultdict(set)
    for probe in probes:
        fact = probe.fact
        objects[fact.relation].add(fact.object)
        true[fact.relation, fact.subject].add(fact.object)
    rng = random.Random(f"contradict {seed}")
    result = []
    for probe in probes:
        relation, subject, answer = probe.fact
        if probe.answer != answer:
            continue
        others = sorted(objects[relation] - true[relation, subject])
        if not others:
            raise ValueError(f"relation {relation!r} has no object but {answer!r}")
        word = rng.choice(others)
        lie = render(WORDINGS[relation][probe.wording], subject, word)
        text = f"{lie} {probe.text}"
        result.append((probe._replace(text=text, status="contradicted"), word))
    return result


@torch.no_grad()
def next_sentence_accuracy(
    model: BertForPreTraining,
    tokenizer: BertTokenizer,
    pairs: Sequence[Pair],
    batch_size: int = 128,
) -> float:
    """Give the share of pairs whose label (0 = next, 1 = random) the model finds.

    Dropout is off while it does.
    """
    was_training = model.training
    model.eval()
    hits = 0
    for start in range(0, len(pairs), batch_size):
        part = pairs[start : start + batch_size]
        inputs = [one.to(model.device) for one in stack_pairs(part, tokenizer)]
        ids, segments, mask = inputs
        pooled = model.bert(ids, mask, segments).pooler_output
        guess = model.cls.seq_relationship(pooled).argmax(dim=-1).cpu()
        hits += int((guess == torch.tensor([int(p.is_random) for p in part])).sum())
    model.train(was_training)
    return hits / max(1, len(pairs))
