"""A model card from what a model's folder holds, with a rubric that is checked.

What a card should say is from Mitchell et al. 2019, section 4. Nothing here is asked of
the user that the run has recorded; what nothing has recorded is named as missing.

Chapter: 24
"""

import json
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError, how_many
from bert_tutorial.files.folder import read_json, weight_files
from bert_tutorial.files.shipped import named_folder
from bert_tutorial.pretraining.run import corpus_digests
from bert_tutorial.world import Mix, World

__all__ = ["Line", "Run", "model_card", "read_run", "rubric"]

DATA, BASELINES = "DATA.md", "baselines.json"
REPORTS = ("run.json", "report.json")
HEADINGS = ("Source", "Licence", "Gaps")
SEEDS = 3
# The score of a run that a simpler method would have had, beside the task's metric.
SIMPLER = {"accuracy": "majority", "rouge1": "lead_rouge1"}
NO_RUN = "train it with pretrain or finetune: they write down what they did"


class Run(NamedTuple):
    """What a folder says about a model and the run that made it.

    `kind` is "world", "corpus", "task" or "unknown"; `reports` has one entry a seed,
    the first of which belongs to `model`, the folder with the weights.
    """

    folder: Path
    model: Path
    kind: str
    reports: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, Any]:
        """Give the report of the model that the card describes."""
        return self.reports[0]


class Line(NamedTuple):
    """One line of the rubric; `remedy` is empty where it passes."""

    name: str
    seen: str
    remedy: str = ""


def read_run(folder: str | Path) -> Run:
    """Read a model folder, or the folder of several seeds.

    Args:
        folder: as pretrain and finetune write it, or the name of a shipped model.

    Raises:
        UserError: if it is no model folder, or a report in it is damaged.
    """
    path = Path(named_folder(folder))
    if not path.is_dir():
        raise UserError(f"{path} is not a folder; give the folder of a model")
    models = [path]
    if (path / "seeds.json").is_file():
        seeds = read_json(path / "seeds.json").get("seeds")
        if not isinstance(seeds, list) or not seeds:
            raise UserError(f"{path / 'seeds.json'} must list the seeds of a run")
        models = [path / f"seed-{seed}" for seed in seeds]
    for model in models:
        if not (model / "config.json").is_file():
            raise UserError(f"{model} is not a model folder: it has no config.json")
    read = [_report(model) for model in models]
    run = Run(path, models[0], read[0][0], [report for _, report in read])
    _guarded(run)
    return run


def _report(model: Path) -> tuple[str, dict[str, Any]]:
    """Find a folder's report, and what kind of run it is of."""
    if (model / "run.json").is_file():
        report = read_json(model / "run.json")
        for key, kind in (("task", "task"), ("unigram_entropy", "corpus")):
            if key in report:
                return kind, report
    if (model / "report.json").is_file():
        report = read_json(model / "report.json")
        if "mix" in report and "trained" in report:
            return "world", report
    return "unknown", {}


def _guarded(run: Run) -> None:
    """Refuse a damaged report by asking it everything once."""
    try:
        for report in run.reports:
            _choices(run.kind, report)
            _figure(run.kind, report)
        _data_lines(run)
        _result_lines(run)
        if run.kind == "world":
            Mix(**run.report["mix"])
        else:
            _leak_test(run)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        text = str(error) if isinstance(error, UserError) else repr(error)
        raise UserError(f"{run.model} has a damaged report: {text}") from error


def _choices(kind: str, report: dict[str, Any]) -> tuple[Any, dict[str, Any], Any]:
    """Divide what made a run into its data, its other choices and its seed."""
    if kind == "unknown":
        return None, {}, None
    rest = dict(report["recipe"])
    seed = rest.pop("seed")
    if kind == "world":
        return report["mix"], rest, seed
    if kind == "corpus":
        return report.get("corpus"), rest | {"start": report.get("start")}, seed
    identity = report.get("identity", {})
    rest |= {key: identity.get(key) for key in ("model", "task")}
    rest |= {key: report.get(key) for key in ("max_length", "stride")}
    return identity.get("data"), rest, seed


def _figure(kind: str, report: dict[str, Any]) -> tuple[str, float | None]:
    """Name the figure that a run is judged by, and give it."""
    if kind == "world":
        return "facts in held-out wordings", float(
            report["trained"]["recall_rephrased"]
        )
    if kind == "corpus":
        loss = float(report["validation"]["masked_lm"])
        return "masked-LM loss on held-out text, in nats", loss
    if kind == "task":
        for part, name in (("test", "test"), ("best_dev", "dev")):
            if report.get(part):
                metric = report["metric"]
                return f"{metric} on {name}", float(report[part][metric])
        return str(report["metric"]), None
    return "no figure", None


def _compare(run: Run, other: Run) -> str:
    """Say what another run is to this one: seed, control, same or other data."""
    data, rest, seed = _choices(run.kind, run.report)
    its_data, its_rest, its_seed = _choices(other.kind, other.report)
    if run.kind != other.kind or data is None or data != its_data:
        return "other data"
    if rest != its_rest:
        return "control"
    return "same" if seed == its_seed else "seed"


def rubric(run: Run, beside: Sequence[Run] = ()) -> list[Line]:
    """Check what a card needs before its figures can be believed.

    Args:
        run: the model's.
        beside: other runs on the same data: with other seeds, or controls.

    Returns:
        Five lines, each with what was seen, and a remedy where something is missing.
    """
    return [
        _data_card(run),
        _leak_test(run),
        _baselines(run),
        _several_seeds(run, beside),
        _control(run, beside),
    ]


def _sections(run: Run) -> dict[str, str]:
    """Read the sections of DATA.md."""
    file = run.folder / DATA
    if not file.is_file():
        return {}
    text = file.read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"^#+ *(.+?) *$", text, flags=re.M)
    return {
        name: " ".join(body.split())
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _data_card(run: Run) -> Line:
    """Look for where the text is from, who may use it, and what it lacks."""
    if run.kind == "world":
        return Line("data card", "made by the package from seed and mix")
    found = _sections(run)
    lacking = [name for name in HEADINGS if not found.get(name)]
    if not lacking:
        return Line("data card", f"{DATA} tells {', '.join(HEADINGS).lower()}")
    wanted = ", ".join(f"# {name}" for name in lacking)
    return Line(
        "data card",
        f"{DATA} does not tell {', '.join(lacking).lower()}",
        f"write {run.folder / DATA} with the headings {wanted} and text below each",
    )


def _leak_test(run: Run) -> Line:
    """Look for a count of held-out texts that were trained on, too."""
    name = "leak test"
    if run.kind == "unknown":
        return Line(name, "no run is recorded", NO_RUN)
    if run.kind == "world":
        world = World(run.report["recipe"]["seed"], Mix(**run.report["mix"]))
        world.corpus()
        held = world.ledger.held_out
        leaked = sum(world.ledger.stated[pair] > 0 for pair in held)
        return Line(name, f"{leaked} of {len(held)} held-out wordings in the corpus")
    leaks = run.report.get("leaks")
    if leaks:
        found = [
            f"{part}: {one['in_training']} of {one['texts']} texts in training, too"
            + _compared(one.get("share_read", 1.0))
            for part, one in leaks.items()
        ]
        return Line(name, "; ".join(found))
    remedy = "finetune with --dev or --test: the run compares the texts"
    if run.kind == "corpus":
        remedy = "pretrain again: the run compares the sentences"
    return Line(name, "held-out text was not compared with the training's", remedy)


def _compared(share: float) -> str:
    """Say how much of the training's text a leak test looked at, if not at all."""
    return "" if share == 1 else f" (in the {share:.1%} of it that was compared)"


def _baselines_of(run: Run) -> dict[str, float]:
    """Gather what simpler methods reach: by the run itself, and by baselines.json."""
    found = {}
    if run.kind == "task":
        scores = run.report.get("test") or run.report.get("best_dev") or {}
        name = SIMPLER.get(run.report["metric"], "")
        if name in scores:
            found[name] = float(scores[name])
    return found | _given_baselines(run)


def _given_baselines(run: Run) -> dict[str, float]:
    """Read baselines.json: names and numbers."""
    file = run.folder / BASELINES
    if not file.is_file():
        return {}
    values = read_json(file)
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"{file}: {name} must have a number, got {value!r}")
    return {name: float(value) for name, value in values.items()}


def _baselines(run: Run) -> Line:
    """Look for figures of those who know less."""
    if run.kind == "unknown":
        return Line("baselines", "no run is recorded", NO_RUN)
    known = {"world": "untrained, majority", "corpus": "uniform, unigrams"}
    if run.kind in known:
        return Line("baselines", known[run.kind])
    given = _baselines_of(run)
    if given:
        return Line("baselines", ", ".join(given))
    metric, _ = _figure(run.kind, run.report)
    return Line(
        "baselines",
        "no simpler method beside the model",
        f"write {run.folder / BASELINES} with the {metric} of simpler methods, such as "
        '{"most frequent label": 0.25}',
    )


def _seed_figures(run: Run, beside: Sequence[Run]) -> list[float]:
    """Gather the figures of a run and of the same with other seeds."""
    runs = [run, *(other for other in beside if _compare(run, other) == "seed")]
    found = {}
    for one in runs:
        for report in one.reports:
            figure = _figure(one.kind, report)[1]
            if figure is not None:
                found[_choices(one.kind, report)[2]] = figure
    return list(found.values())


def _several_seeds(run: Run, beside: Sequence[Run]) -> Line:
    """Count the seeds."""
    name = "several seeds"
    if run.kind == "unknown":
        return Line(name, "no run is recorded", NO_RUN)
    number = len(_seed_figures(run, beside))
    if number >= SEEDS:
        return Line(name, how_many(number, "seed"))
    seen = f"{how_many(number, 'seed')} with a figure, of at least {SEEDS}"
    if run.kind == "task":
        remedy = "finetune with --test and --seeds 0 1 2, and give its --output folder"
    else:
        remedy = "pretrain again with other --seed, and name the folders with --beside"
    return Line(name, seen, remedy)


def _control(run: Run, beside: Sequence[Run]) -> Line:
    """Look for a run on the same data with something else changed."""
    name = "control run"
    if run.kind == "unknown":
        return Line(name, "no run is recorded", NO_RUN)
    found = [one for one in beside if _compare(run, one) == "control"]
    if found:
        changed = [", ".join(_changed(run, one)) for one in found]
        return Line(name, f"{len(found)} with another " + "; ".join(changed))
    change = "a --model that was hardly pretrained (pretrain ... --steps 1)"
    if run.kind != "task":
        change = "one choice changed, such as --steps 1"
    return Line(
        name,
        "no run on the same data with something else changed",
        f"run it with {change}, and name its folder with --beside",
    )


def _changed(run: Run, other: Run) -> list[str]:
    """Name the choices in which two runs differ."""
    mine, its = (_choices(one.kind, one.report)[1] for one in (run, other))
    return [key for key in mine if mine[key] != its.get(key)]


def model_card(run: Run, beside: Sequence[Run] = ()) -> str:
    """Write the card in Markdown.

    Args:
        run: the model's.
        beside: other runs, as in `rubric`.

    Returns:
        Sections What it is, Data, Recipe, Results, Rubric and Limits.
    """
    lines = rubric(run, beside)
    parts = {
        "What it is": _what_lines(run),
        "Data": _data_lines(run),
        "Recipe": _recipe_lines(run),
        "Results": [*_result_lines(run), *_other_lines(run, beside)],
        "Rubric": [
            f"{'missing' if line.remedy else 'pass'}: {line.name}: {line.seen}"
            + (f"; remedy: {line.remedy}" if line.remedy else "")
            for line in lines
        ],
        "Limits": _limit_lines(run, lines),
    }
    text = f"# Model card: {run.folder.resolve().name}\n"
    for heading, items in parts.items():
        text += f"\n## {heading}\n\n" + "".join(f"- {item}\n" for item in items)
    return text


def _what_lines(run: Run) -> list[str]:
    """Say what kind of model it is, and by which digest it is known again."""
    config = read_json(run.model / "config.json")
    sizes = [
        ("num_hidden_layers", "layers"),
        ("hidden_size", "dimensions"),
        ("num_attention_heads", "heads"),
        ("vocab_size", "pieces in the vocabulary"),
        ("max_position_embeddings", "positions"),
    ]
    named = config.get("architectures")
    name = named[0] if isinstance(named, list) and named else "BertModel"
    lines = [f"{name}: a BERT encoder, after Devlin et al. 2019"]
    lines.append(
        ", ".join(f"{config[key]} {name}" for key, name in sizes if key in config)
    )
    if run.kind == "task":
        lines.append(f"fine-tuned for the task {run.report['task']}")
        if run.report.get("labels"):
            lines.append("labels: " + ", ".join(map(str, run.report["labels"])))
    files = weight_files(run.model, allow_bin=True)
    for file, told in zip(files, corpus_digests(files).values(), strict=True):
        lines.append(f"{file.name}: {told}")
    return lines


def _data_lines(run: Run) -> list[str]:
    """Say what was read: counts, digests, and what DATA.md tells."""
    report, lines = run.report, []
    if run.kind == "unknown":
        lines.append("neither pretrain nor finetune has left a report here")
        other = [one for one in REPORTS if (run.model / one).is_file()]
        lines += [f"{one} is there, in a form of its own" for one in other]
    elif run.kind == "world":
        mix = report["mix"]
        lines.append(f"the mini-world of seed {report['recipe']['seed']}")
        lines.append(
            f"{how_many(mix['sentences'], 'sentence')} and "
            f"{how_many(mix['documents'], 'document')}"
        )
    elif run.kind == "corpus":
        lines.append(_corpus_line(report))
        for name, told in (report.get("corpus") or {}).items():
            lines.append(f"{name}: {told}")
    else:
        lines.append(
            f"{how_many(report['rows'], 'row')} to learn from, "
            f"{report['skipped']:,} left out"
        )
        data = report.get("identity", {}).get("data", {})
        lines += [f"{part}: {told}" for part, told in data.items()]
    told = _sections(run)
    return lines + [f"{name}: {told[name]}" for name in HEADINGS if told.get(name)]


def _corpus_line(report: dict[str, Any]) -> str:
    """Say how much text a run had, whole in memory or read in shards."""
    if "documents" not in report:
        size = how_many(report["bytes"], "byte")
        return f"{size} of text, read {report['read']}; one shard was held out"
    return (
        f"{how_many(report['documents'], 'document')}, "
        f"{how_many(report['training_tokens'], 'token')} to learn from; one document "
        "in twenty was held out"
    )


def _recipe_lines(run: Run) -> list[str]:
    """List the choices of the run."""
    if run.kind == "unknown":
        return ["not recorded"]
    recipe = run.report["recipe"]
    lines = [f"{key}: {json.dumps(value)}" for key, value in recipe.items()]
    lines += [
        f"{key}: {run.report[key]}"
        for key in ("start", "device", "torch", "python", "seconds_training", "seconds")
        if run.report.get(key) is not None
    ]
    return lines


def _result_lines(run: Run) -> list[str]:
    """Give each figure beside those of who knows less."""
    report = run.report
    if run.kind == "world":
        model, none = report["trained"], report["untrained"]
        return [
            f"facts in held-out wordings: {model['recall_rephrased']:.1%}; untrained "
            f"{none['recall_rephrased']:.1%}, majority {model['majority_answer']:.1%}",
            f"next sentence: {model['next_sentence']:.1%}; untrained "
            f"{none['next_sentence']:.1%}, always one answer "
            f"{max(share := model['next_sentence_majority'], 1 - share):.1%}",
        ]
    if run.kind == "corpus":
        figures = report["validation"]
        lines = [
            f"masked-LM loss on held-out text: {figures['masked_lm']:.3f} nats over "
            f"{how_many(figures['masked_places'], 'position')}; uniform "
            f"{report['uniform']:.3f}, unigrams {report['unigram_entropy']:.3f}"
        ]
        if "before" in report:
            loss = report["before"]["masked_lm"]
            lines.append(f"the model that it started from: {loss:.3f} nats")
        return lines
    if run.kind == "unknown":
        return ["not recorded"]
    name, value = _figure(run.kind, report)
    if value is None:
        return ["not measured: the run had neither --dev nor --test"]
    note = "" if "test" in report else ", optimistic, since dev chose the state"
    lines = [f"{name}: {value:.4f}{note}"]
    looks = len([one for one in report.get("earlier", ()) if one["test"]]) + 1
    if "test" in report and looks > 1:
        lines.append(
            f"the test was judged {how_many(looks, 'time')}, after more and more "
            "steps: who stops at the best of them is too optimistic"
        )
    return lines + [f"{key}: {one:.4f}" for key, one in _baselines_of(run).items()]


def _other_lines(run: Run, beside: Sequence[Run]) -> list[str]:
    """Give the spread over the seeds, and what the runs beside came to."""
    name, _ = _figure(run.kind, run.report)
    figures, lines = _seed_figures(run, beside), []
    if len(figures) > 1:
        lines.append(
            f"{name}, {how_many(len(figures), 'seed')}: mean "
            f"{statistics.mean(figures):.4f}, standard deviation "
            f"{statistics.stdev(figures):.4f}"
        )
    for other in beside:
        kind = _compare(run, other)
        own = _seed_figures(other, ())
        told = f"{statistics.mean(own):.4f}" if own else "no figure"
        several = f", the mean of {how_many(len(own), 'seed')}"
        told += several if len(own) > 1 else ""
        what = f"control, other {', '.join(_changed(run, other))}"
        shown = what if kind == "control" else kind
        lines.append(f"beside, {other.folder.name} ({shown}): {told}")
    return lines


def _limit_lines(run: Run, lines: Sequence[Line]) -> list[str]:
    """Say what the figures do not show."""
    limits = {
        "world": "the text is made by a program: nothing here says how the model would "
        "do on real text",
        "corpus": "the held-out text is from the same files: another source may be "
        "much harder",
        "task": "the held-out rows are from the same source: others may be much harder",
        "unknown": "no run is recorded, so its figures cannot be told from here",
    }
    meanings = {
        "data card": "who wrote the text, and whether it may be used, is not told",
        "leak test": "the figures may come from texts that were trained on",
        "baselines": "a simpler method may do as well",
        "several seeds": "another seed may give another figure",
        "control run": "what the result owes to one choice or another is not shown",
    }
    missing = [meanings[line.name] for line in lines if line.remedy]
    return [limits[run.kind], *missing]
