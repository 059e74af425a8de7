"""Prepare a release: the locks of CI, and the page of what can go wrong.

    python tools/book/release.py lock [WHEEL ...]
    python tools/book/release.py risks             run, then write book/reliability.md
    python tools/book/release.py risks --only R15  run the tests of one risk

`lock`: every package at its tested version, with the hashes of its files.
`requirements-ci.lock` holds what `constraints.txt` pins; `requirements-ci-gpu.lock`
what the Linux build of torch on the package index needs besides, which no test uses. A
build of torch from elsewhere (such as the small one without a GPU) is allowed by naming
its file: its hash joins those of the index, and stays as long as the version does. This
needs the package uv, which `make lock` installs.

`risks`: `tests/risks.json` names each risk, its tests and the figure they must reach; a
risk without a test says why it does not apply.
"""

import argparse
import hashlib
import json
import platform
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from book_files import ROOT

LOCKS = (ROOT / "requirements-ci.lock", ROOT / "requirements-ci-gpu.lock")
PYTHONS = ("3.11.7", "3.12.1", "3.13.0")
LOCK_HEAD = (
    "# Written by `make lock` from pyproject.toml and constraints.txt; not by hand.\n"
)
GPU = re.compile(r"(?:nvidia|cuda)-[\w-]+|triton")

Lock = dict[str, tuple[str, set[str]]]
"""By normal name: the version, and the SHA-256 of the files that may be installed."""


def normal(name: str) -> str:
    """Give a package's name the one form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Read lines `name==version`; give the version by normal name."""
    found = re.findall(r"^([\w.-]+)==(\S+)", text, re.M)
    return {normal(name): version for name, version in found}


def read_lock(text: str) -> Lock:
    """Read a lock."""
    blocks = re.split(r"^(?=\w)", text, flags=re.M)
    found: Lock = {}
    for block in blocks:
        for name, version in pins(block).items():
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block)
            found[name] = version, set(hashes)
    return found


def compile_lock(python: str) -> Lock:
    """Let uv find all packages and hashes for a version of Python on Linux.

    Raises:
        CalledProcessError: if the requirements cannot be met together.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-q"]
    command += ["--extra", "book", "--extra", "test", "-c", "constraints.txt"]
    command += ["--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--python-version", python]
    command += ["--python-platform", "x86_64-unknown-linux-gnu"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return read_lock(done.stdout.decode())


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock in the order of the names."""
    lines = [LOCK_HEAD]
    for name, (version, hashes) in sorted(lock.items()):
        marks = "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(hashes))
        lines.append(f"{name}=={version}{marks}\n")
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{path.name}: {len(lock)} packages")


def allow(lock: Lock, wheels: list[Path]) -> None:
    """Add the hashes of builds of torch that the index does not have.

    Raises:
        ValueError: if a file is of another version.
    """
    version, hashes = lock["torch"]
    if LOCKS[0].exists():
        before = read_lock(LOCKS[0].read_text(encoding="utf-8")).get("torch")
        if before and before[0] == version:
            hashes |= before[1]
    for wheel in wheels:
        if not re.match(rf"torch-{re.escape(version)}(?:\+\w+)?-", wheel.name):
            raise ValueError(f"{wheel} must be a build of torch {version}")
        hashes.add(hashlib.sha256(wheel.read_bytes()).hexdigest())


RISKS = ROOT / "tests" / "risks.json"
RISKS_PAGE = ROOT / "book" / "reliability.md"
RISKS_HEAD = """# What can go wrong, and the tests against it

Each row is a failure that happens in tutorials or training code. The file
`tests/risks.json` lists the tests for each, which must reach the figure in the third
column. The last two columns come from the run that wrote this page
(`python tools/book/release.py risks`, {machine}).

| risk no. | risk | figure to reach | passed | seconds |
| --- | --- | --- | --- | --- |
"""


@dataclass
class Outcome:
    """What became of the tests of a risk."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    def text(self) -> str:
        """Say it in a few words."""
        parts = [f"{self.passed} of {self.passed + self.failed}"]
        if self.skipped:
            parts.append(f"{self.skipped} skipped")
        return ", ".join(parts)


def read_risks() -> list[dict[str, Any]]:
    """Read the list: id, risk, figure, and tests or a reason."""
    return list(json.loads(RISKS.read_text(encoding="utf-8")))


def run(tests: list[str]) -> dict[str, Outcome]:
    """Run tests and count by name (file::function, all parameters together).

    Raises:
        FileNotFoundError: pytest wrote no report.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-o", "junit_family=xunit1"]
        subprocess.run([*command, f"--junitxml={report}", *tests], cwd=ROOT)
        cases = ElementTree.parse(report).getroot().iter("testcase")
        found: dict[str, Outcome] = {}
        for case in cases:
            name = f"{case.get('file')}::{str(case.get('name')).split('[')[0]}"
            outcome = found.setdefault(name, Outcome())
            outcome.seconds += float(case.get("time") or 0)
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                outcome.failed += 1
            elif "skipped" in kinds:
                outcome.skipped += 1
            else:
                outcome.passed += 1
        return found


def row(risk: dict[str, Any], found: dict[str, Outcome]) -> str:
    """Write a risk's row of the table."""
    start = f"| {risk['id']} | {risk['risk']} | {risk['figure']}"
    if not risk.get("tests"):
        return f"{start} | {risk['reason']} | |"
    total = Outcome()
    for name in risk["tests"]:
        one = found.get(name, Outcome(failed=1))
        total.passed += one.passed
        total.failed += one.failed
        total.skipped += one.skipped
        total.seconds += one.seconds
    return f"{start} | {total.text()} | {total.seconds:.1f} |"


def write_locks(wheels: list[Path]) -> None:
    """Write both locks.

    Raises:
        SystemExit: a version depends on the Python, or constraints.txt differs.
    """
    constraints = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    whole: Lock = {}
    for python in PYTHONS:
        for name, (version, hashes) in compile_lock(python).items():
            known = whole.setdefault(name, (version, set()))
            if known[0] != version:
                raise SystemExit(f"{name} is {known[0]} or {version}, by the Python")
            known[1].update(hashes)
    gpu = {n: v for n, v in whole.items() if n not in constraints and GPU.fullmatch(n)}
    rest = {name: value for name, value in whole.items() if name not in gpu}
    if differing := {n: v for n, (v, _) in rest.items()}.items() ^ constraints.items():
        raise SystemExit(f"constraints.txt and what is needed differ: {differing}")
    allow(rest, wheels)
    for path, lock in zip(LOCKS, (rest, gpu), strict=True):
        write_lock(path, lock)


def run_risks(only: list[str] | None) -> None:
    """Run the tests of all risks and write the page, or of some and print them.

    Raises:
        SystemExit: a test failed.
    """
    risks = [r for r in read_risks() if not only or r["id"] in only]
    tests = sorted({name for risk in risks for name in risk.get("tests", [])})
    found = run(tests)
    rows = [row(risk, found) for risk in risks]
    if only:
        print("\n".join(rows))
    else:
        machine = f"{platform.system()}, Python {platform.python_version()}"
        text = RISKS_HEAD.format(machine=machine) + "\n".join(rows) + "\n"
        RISKS_PAGE.write_text(text, encoding="utf-8", newline="\n")
    if any(one.failed for one in found.values()):
        raise SystemExit("a test failed")


def main() -> None:
    """Do what the command line names."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    locks = commands.add_parser("lock", help="write the locks of CI")
    locks.add_argument("wheel", nargs="*", type=Path, help="a build of torch to allow")
    risks = commands.add_parser("risks", help="write book/reliability.md")
    risks.add_argument("--only", nargs="+", metavar="ID")
    options = parser.parse_args()
    if options.command == "lock":
        write_locks(options.wheel)
    else:
        run_risks(options.only)


if __name__ == "__main__":
    main()
