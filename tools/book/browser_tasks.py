"""Fine-tune the two small task models of the page, and write the English model for it.

    python tools/book/browser_tasks.py            all three, about 40 s of one core
    python tools/book/browser_tasks.py english    only the one that needs no training;
                                                  each build of the site writes it
    python tools/book/browser_tasks.py --steps 4 --output folder       to try it

Writes into book/_static/bert:

- `sentiment.js` and `questions.js`: the shipped mini-world model with another head,
  fine-tuned as in chapters 14 and 16, in half precision;
- `tasks.js`: how both were trained, and what they reach on words held out;
- `english.js`: the package's English model with its own vocabulary, one byte a number.

The page loads each of them only when its panel is near, the English one on a click.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from browser_model import FOLDER, entry, script

from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
)
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.questions.answers import answer_questions
from bert_tutorial.tasks.questions.scores import evaluate
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World
from bert_tutorial.world.examples import (
    encode_question,
    encode_sentiment,
    sentiment_accuracy,
)
from bert_tutorial.world.squad import squad_items

REVIEWS, REVIEW_STEPS = 256, 150
PASSAGES, PASSAGE_STEPS = 512, 800
HELD_OUT = 300
LONGEST_ANSWER = 5  # tokens
RATE = 2e-3


def mini_world() -> tuple[Path, BertTokenizer, World]:
    """Give the shipped model's folder, its tokenizer, and the world it learned."""
    folder = shipped_weights()
    return folder, BertTokenizer.from_pretrained(folder), World(1)


def train_sentiment(steps: int = REVIEW_STEPS) -> BertForSequenceClassification:
    """Fine-tune on labelled reviews; class 1 is positive."""
    folder, tokenizer, world = mini_world()
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(folder)
    reviews = world.sentiment(REVIEWS, 0, "train")
    examples = [encode_sentiment(tokenizer, one) for one in reviews]
    fit(model, examples, steps=steps, learning_rate=RATE)
    return model.eval()


def train_questions(steps: int = PASSAGE_STEPS) -> BertForQuestionAnswering:
    """Fine-tune on passages about one person and about two, with a question each."""
    folder, tokenizer, world = mini_world()
    torch.manual_seed(0)
    model = BertForQuestionAnswering.from_pretrained(folder, hidden_dropout_prob=0.1)
    items = [
        one
        for people in (1, 2)
        for one in world.questions(PASSAGES, 0, "train", people=people)
    ]
    examples = [encode_question(tokenizer, one) for one in items]
    fit(model, examples, steps=steps, learning_rate=RATE)
    return model.eval()


def right_reviews(model: BertForSequenceClassification) -> float:
    """Measure on reviews whose adjectives stand in no labelled one."""
    _, tokenizer, world = mini_world()
    reviews = world.sentiment(HELD_OUT, 0, "test")
    return sentiment_accuracy(
        model, [encode_sentiment(tokenizer, one) for one in reviews]
    )


def right_answers(model: BertForQuestionAnswering, people: int) -> float:
    """Measure on passages whose values and wordings stand in no labelled one."""
    _, tokenizer, world = mini_world()
    items = squad_items(world.questions(HELD_OUT, 0, "test", people=people))
    longest = model.config.max_position_embeddings
    found = answer_questions(
        model,
        tokenizer,
        items,
        max_length=longest,
        max_answer_length=LONGEST_ANSWER,
    )
    return evaluate(found, items)["exact_match"] / 100


def english() -> tuple[BertForPreTraining, BertTokenizer]:
    """Load the English model that comes with the package."""
    folder = shipped_weights("english")
    model = BertForPreTraining.from_pretrained(folder).eval()
    return model, BertTokenizer.from_pretrained(folder)


def english_script() -> str:
    """Write the English model."""
    about = (
        "The package's English model, which the book's own code pretrained, one byte a "
        "number. Written by tools/book/browser_tasks.py."
    )
    return script("english", entry(*english(), "byte"), about)


def write_english(folder: Path = FOLDER) -> Path:
    """Write the file of the English model, unless it is there as it should be."""
    file, text = folder / "english.js", english_script()
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8", newline="\n")
    return file


def task_files(steps: int | None = None) -> dict[str, str]:
    """Train both task models; give the text of each file by its name."""
    _, tokenizer, _ = mini_world()
    started = time.process_time()
    reviews, asked = (
        train_sentiment(steps or REVIEW_STEPS),
        train_questions(steps or PASSAGE_STEPS),
    )
    told: dict[str, Any] = {
        "command": "python tools/book/browser_tasks.py",
        "sentiment": {"labels": REVIEWS, "steps": steps or REVIEW_STEPS},
        "questions": {"labels": 2 * PASSAGES, "steps": steps or PASSAGE_STEPS},
        "held_out": HELD_OUT,
    }
    told["sentiment"]["right"] = round(right_reviews(reviews), 4)
    for people in (1, 2):
        told["questions"][f"right_{people}"] = round(right_answers(asked, people), 4)
    told["core_seconds"] = round(time.process_time() - started, 1)
    about = (
        "The mini-world model, fine-tuned for {}, in half precision. Written by "
        "tools/book/browser_tasks.py."
    )
    text = json.dumps(told, separators=(",", ":"))
    return {
        f"{name}.js": script(name, entry(model, tokenizer), about.format(name))
        for name, model in (("sentiment", reviews), ("questions", asked))
    } | {"tasks.js": f"globalThis.bertTasks = {text};\n"}


def main() -> None:
    """Read the options, train and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", choices=["tasks", "english", []])
    parser.add_argument("--steps", type=int, help="of training, to try it")
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(1)
    files: dict[str, str] = {}
    if "tasks" in options.names or not options.names:
        files |= task_files(options.steps)
    options.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (options.output / name).write_text(text, encoding="utf-8", newline="\n")
        print(name, f"{len(text.encode()):,} bytes")
    if "english" in options.names or not options.names:
        file = write_english(options.output)
        print(file.name, f"{file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
