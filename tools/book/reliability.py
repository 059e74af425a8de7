"""Run the tests behind the list of risks, and write the page that shows them.

    python tools/book/reliability.py             run, then write book/reliability.md
    python tools/book/reliability.py --only R15  run the tests of one risk

`tests/risks.json` names each risk, its tests and the figure that they must reach; a
risk without a test says why it does not apply.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from book_files import ROOT

RISKS = ROOT / "tests" / "risks.json"
PAGE = ROOT / "book" / "reliability.md"
HEAD = """# What can go wrong, and what shows that it does not

Each row is a risk that tutorials and training code have been seen to fall to. The
tests named in `tests/risks.json` must reach the figure; the last two columns are from
the run that wrote this page (`python tools/book/reliability.py`, {machine}).

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


def main() -> None:
    """Run the tests of all risks, or of some."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="ID")
    only = parser.parse_args().only
    risks = [r for r in read_risks() if not only or r["id"] in only]
    tests = sorted({name for risk in risks for name in risk.get("tests", [])})
    found = run(tests)
    rows = [row(risk, found) for risk in risks]
    if only:
        print("\n".join(rows))
    else:
        machine = f"{platform.system()}, Python {platform.python_version()}"
        text = HEAD.format(machine=machine) + "\n".join(rows) + "\n"
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    if any(one.failed for one in found.values()):
        raise SystemExit("a test failed")


if __name__ == "__main__":
    main()
