"""Write the locks of CI: every package at its tested version, with its files' hashes.

    python tools/book/lock.py [WHEEL ...]

`requirements-ci.lock` holds what `constraints.txt` pins; `requirements-ci-gpu.lock`
what the Linux build of torch on the package index needs besides, which no test uses. A
build of torch from elsewhere (such as the small one without a GPU) is allowed by naming
its file: its hash joins those of the index, and stays as long as the version does.

Needs the package uv, which `make lock` installs.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

from book_files import ROOT

__all__ = ["LOCKS", "Lock", "normal", "pins", "read_lock"]

LOCKS = (ROOT / "requirements-ci.lock", ROOT / "requirements-ci-gpu.lock")
PYTHONS = ("3.11.7", "3.12.1", "3.13.0")
HEAD = (
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
    lines = [HEAD]
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


def main() -> None:
    """Write both locks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("wheel", nargs="*", type=Path, help="a build of torch to allow")
    wheels = parser.parse_args().wheel
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


if __name__ == "__main__":
    main()
