"""What a signal, a folder in use and a folder of another run do to each command.

Signals are sent to this process, in the middle of a step. The tests hold, too, where
Ctrl-C is ignored from the start, as in the background of a shell.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import at_step

from bert_tutorial.cli.main import main
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.training import processes
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.processes import ProcessGroup, stop_signals
from bert_tutorial.world import Mix
from bert_tutorial.world.data import WorldRecipe
from bert_tutorial.world.pretrain import pretrain_world

SMALL = Mix(sentences=6_000, documents=60)
pytestmark = pytest.mark.usefixtures("one_thread")
RECIPE = {"hidden_size": 16, "tokens_per_batch": 256, "steps": 8, "passes": 1}
WORDS = [
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "and",
    "saw",
    "dog",
    "run",
    "to",
    "old",
    "red",
]


@pytest.fixture(autouse=True)
def _own_signals():
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.getsignal(kind) for kind in kinds}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for kind, handler in before.items():
        signal.signal(kind, handler)


def signal_at(monkeypatch, step, kind):
    at_step(monkeypatch, step, lambda: signal.raise_signal(kind))


def world_run(folder, steps=8, **options):
    return pretrain_world(
        WorldRecipe(**(RECIPE | {"steps": steps})),
        SMALL,
        output=folder,
        log_file=None if folder is None else folder / "log.jsonl",
        progress=False,
        **options,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("world") / "whole"
    run = world_run(folder, probe_every=4)
    return run, (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_run_on_the_world_stops_and_goes_on_bit_by_bit(
    whole, tmp_path, monkeypatch, capsys, kind
):
    with monkeypatch.context() as patch:
        signal_at(patch, 4, kind)
        with pytest.raises(KeyboardInterrupt, match=r"after step 5; .*--resume"):
            world_run(tmp_path, probe_every=4)
    assert "stopping after this step" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "states").iterdir()] == [
        "step-000000005.safetensors"
    ]
    again = world_run(tmp_path, probe_every=4, resume=True)
    assert (tmp_path / "model.safetensors").read_bytes() == whole[1]
    assert again.report["curve"] == whole[0].report["curve"]
    assert again.records[-1]["masked_lm"] == whole[0].records[-1]["masked_lm"]
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["seconds"] >= again.records[-1]["seconds"]


def test_a_finished_run_on_the_world_goes_on_to_more_steps(whole, tmp_path):
    world_run(tmp_path, save_every=100)
    with pytest.raises(CheckpointError, match="recipe steps: 8 then, 12 now"):
        world_run(tmp_path, 12, resume=True)
    with pytest.raises(UserError, match="must be more than the 8"):
        world_run(tmp_path, 8, resume=True, longer=True)
    run = world_run(tmp_path, 12, resume=True, longer=True)
    assert run.report["recipe"]["steps"] == 12
    assert run.records[-1]["step"] == 12
    assert (tmp_path / "model.safetensors").read_bytes() != whole[1]


def test_without_an_output_there_is_nothing_to_resume():
    with pytest.raises(UserError, match="output must name the folder"):
        world_run(None, resume=True)


# --- folders


def corpus_file(folder: Path) -> Path:
    lines = [" ".join(WORDS[i:] + WORDS[:i]) + "." for i in range(len(WORDS))]
    file = folder / "text.txt"
    file.write_text("\n\n".join(["\n".join(lines)] * 6) + "\n", encoding="utf-8")
    return file


def corpus_command(text: Path, folder: Path, *more: str) -> list[str]:
    return [
        *("pretrain", "--corpus", str(text), "--output", str(folder), "--steps", "3"),
        *("--vocab-size", "60", "--max-length", "24", "--tokens-per-batch", "200"),
        *("--device", "cpu", "--threads", "1", *more),
    ]


def labelled_file(folder: Path) -> Path:
    file = folder / "rows.tsv"
    rows = ["text\tlabel", *(f"{w} cat\t{i % 2}" for i, w in enumerate(WORDS))]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def commands(base: Path) -> dict[str, list[str]]:
    """Give every command that writes, without its output folder."""
    text, rows = corpus_file(base), labelled_file(base)
    return {
        "pretrain --corpus": corpus_command(text, Path("OUT")),
        "pretrain --world": ["pretrain", "--world", "--steps", "2", "--output", "OUT"],
        "finetune": [
            *("finetune", "--task", "sentiment", "--data", str(rows), "--steps", "2"),
            *("--output", "OUT"),
        ],
        "vocabulary": ["vocabulary", str(text), "--output", "OUT/vocab.txt"],
    }


KINDS = ("pretrain --corpus", "pretrain --world", "finetune", "vocabulary")
LEFT = (
    "model.safetensors",
    "pytorch_model.bin",
    "model.safetensors.index.json",
    "run.json",
    "report.json",
    "states/step-000000002.safetensors",
)


def into(command: list[str], folder: Path) -> list[str]:
    return [word.replace("OUT", str(folder)) for word in command]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LEFT)
def test_no_command_replaces_the_files_of_another_run(tmp_path, capsys, kind, name):
    if kind == "vocabulary":
        name = "vocab.txt"
    folder = tmp_path / "other"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("of another run", encoding="utf-8")
    before = contents(folder)
    assert main(into(commands(tmp_path)[kind], folder)) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ") and str(folder) in error
    assert contents(folder) == before


@pytest.mark.parametrize("kind", KINDS)
def test_no_command_writes_into_a_folder_that_is_in_use(tmp_path, kind):
    folder = tmp_path / "other"
    holder = (
        "import sys; from bert_tutorial.training.lock import RunLock\n"
        f"with RunLock({str(folder)!r}): print('held', flush=True); sys.stdin.read()"
    )
    command = into(commands(tmp_path)[kind], folder)
    with subprocess.Popen(
        [sys.executable, "-c", holder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        before = set(contents(folder))
        assert main(command) == 2
        assert set(contents(folder)) == before
        process.stdin.close()


def test_a_vocabulary_is_replaced_only_if_that_is_asked_for(tmp_path, capsys):
    target = tmp_path / "vocab.txt"
    command = ["vocabulary", str(corpus_file(tmp_path)), "--output", str(target)]
    assert main(command) == 0
    first = target.read_bytes()
    assert main([*command, "--size", "40"]) == 2
    assert "--overwrite" in capsys.readouterr().err and target.read_bytes() == first
    assert main([*command, "--size", "40", "--overwrite"]) == 0
    assert target.read_bytes() != first


def test_a_corpus_run_keeps_a_vocabulary_that_it_did_not_make(tmp_path, capsys):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\nmine\n", encoding="utf-8")
    assert main(corpus_command(corpus_file(tmp_path), folder)) == 2
    assert "is another vocabulary" in capsys.readouterr().err
    assert contents(folder) == {"vocab.txt": b"[PAD]\n[UNK]\nmine\n"}


def test_a_killed_start_is_no_run(tmp_path):
    """A log and a vocabulary without any state hold nothing that could be lost."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("vocab.txt", "log.jsonl"):
        (folder / name).write_text("[PAD]\n", encoding="utf-8")
    command = corpus_command(corpus_file(tmp_path), folder, "--resume", "auto")
    assert main(command) == 0


def test_a_finished_corpus_run_goes_on_longer(tmp_path, capsys):
    folder, text = tmp_path / "model", corpus_file(tmp_path)
    command = corpus_command(text, folder)
    assert main(command) == 0
    assert main(command) == 2
    more = [*command, "--resume", "longer", "--steps", "5"]
    assert main(more) == 0
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4, 5]
    report = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert report["recipe"]["steps"] == 5
    assert main(command) == 2  # and it is still not replaced


def test_a_model_of_the_world_that_is_not_kept_is_said_so(capsys):
    from bert_tutorial.world import pretrain

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain, "QUICK", SMALL)
        patch.setattr("bert_tutorial.world.QUICK", SMALL)
        assert main(["pretrain", "--world", "--steps", "1"]) == 0
    out, err = capsys.readouterr()
    assert "not kept" in err and "next:" not in out


def test_sigterm_outside_of_steps_gives_the_folder_back(tmp_path, monkeypatch, capsys):
    def stop(*_, **__):
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    monkeypatch.setattr("bert_tutorial.pretraining.run._read", stop)
    folder = tmp_path / "model"
    assert main(corpus_command(corpus_file(tmp_path), folder)) == 130
    assert not folder.exists()
    assert capsys.readouterr().err == "stopped\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has none")
def test_a_closed_terminal_stops_a_run_unless_it_is_to_go_on(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        assert signal.SIGHUP in stop_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        assert signal.SIGHUP not in stop_signals()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_system_without_sigterm_still_hears_ctrl_c(monkeypatch):
    class Windows:
        """What the module signal has on a system with Ctrl-C alone."""

        SIGINT, SIG_DFL, SIG_IGN = signal.SIGINT, signal.SIG_DFL, signal.SIG_IGN
        signal, getsignal = staticmethod(signal.signal), staticmethod(signal.getsignal)

    monkeypatch.setattr(processes, "signal", Windows)
    assert stop_signals() == [signal.SIGINT]
    world = ProcessGroup()
    with world.stopped_by_signals():
        signal.raise_signal(signal.SIGINT)
    assert world._asked


def test_a_run_started_with_ctrl_c_ignored_still_stops(tmp_path, capsys):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 2, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="after step 3"):
            world_run(tmp_path)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_lock_in_a_folder_that_cannot_be_written_is_one_line(
    tmp_path, monkeypatch, capsys
):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / "run.lock"))

    monkeypatch.setattr("bert_tutorial.training.lock.FileLock.acquire", denied)
    assert main(corpus_command(corpus_file(tmp_path), tmp_path / "x")) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Permission denied" in err
    monkeypatch.undo()
    with RunLock(tmp_path / "x"):
        pass


UNREAD = {  # the words, and what is left
    "finetune": ("--task sentiment --data t.tsv --steps 2", "model.safetensors"),
    "vocabulary": ("t.tsv", None),
    "pretrain": ("--corpus c.txt --from mini-world --steps 2", "model.safetensors"),
}


def unread():
    """For every change each command once; both ways of all of them every week."""
    for i, command in enumerate(UNREAD):
        for both in (False, True):
            is_weekly = both == bool(i % 2)
            name = f"{command}, {'2>&1' if both else 'stdout'}"
            marks = pytest.mark.weekly if is_weekly else ()
            yield pytest.param(command, both, id=name, marks=marks)


@pytest.mark.parametrize(("command", "both"), list(unread()))
def test_a_run_goes_on_when_nobody_reads_what_it_prints(command, both, tmp_path):
    """`... | head -1` must not throw a training away, and say 0."""
    table = "text\tlabel\ngood\t1\nbad\t0\nfine\t1\nawful\t0\n"
    (tmp_path / "t.tsv").write_text(table)
    words = [
        "paris",
        "france",
        "capital",
        "gold",
        "japan",
        "tokyo",
        "spain",
        "madrid",
        "egypt",
        "cairo",
    ]
    documents = [f"{a} {b} .\n{b} {a} ." for a in words for b in words]
    (tmp_path / "c.txt").write_text("\n\n".join(documents))
    options, file = UNREAD[command]
    program = [sys.executable, "-u", "-m", "bert_tutorial"]
    left = tmp_path / "m" / file if file else tmp_path / "m"
    with subprocess.Popen(
        [*program, command, *options.split(), "--output", "m"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
    ) as run:
        run.stdout.close()  # at once: the first line finds no reader
        error = "" if both else run.stderr.read()
    assert run.returncode == 0, error
    assert left.is_file(), error


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
def test_a_run_that_nobody_reads_is_stopped_as_any_other(tmp_path):
    program = [sys.executable, "-u", "-m", "bert_tutorial"]
    with subprocess.Popen(
        [*program, "pretrain", "--world", "--steps", "3000", "--output", "w"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        run.stdout.close()
        deadline = time.monotonic() + 60
        log = tmp_path / "w" / "log.jsonl"
        while not log.exists() or not log.stat().st_size:  # no step, no state
            assert time.monotonic() < deadline and run.poll() is None
            time.sleep(0.1)
        run.send_signal(signal.SIGTERM)
    assert run.returncode == 130
    assert list((tmp_path / "w" / "states").glob("step-*.safetensors"))
