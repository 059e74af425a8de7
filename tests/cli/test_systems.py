"""What other systems do otherwise, as far as it can be simulated on this one."""

import errno
import os
import subprocess
import sys

import pytest

from bert_tutorial.files.texts import replace_text
from book_files import PACKAGE, ROOT

# A package that is installed where its user may not write: writes there are refused.
READ_ONLY = """
import os, sys
def hook(event, values):
    writes = event == "open" and isinstance(values[0], str) and (
        values[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if event in ("os.mkdir", "os.remove", "os.rename") or writes:
        if str(values[0]).startswith({package!r}):
            raise PermissionError(13, "Permission denied", str(values[0]))
sys.dont_write_bytecode = True
sys.addaudithook(hook)
from bert_tutorial.cli.main import main
sys.exit(main({words!r}))
"""


@pytest.mark.parametrize(
    "words",
    [
        ["fill", "The capital of France is [MASK]."],
        ["tokenize", "a text"],
        ["world", "--facts"],
    ],
)
def test_a_package_that_cannot_be_written_to_works(words, tmp_path):
    code = READ_ONLY.format(package=str(PACKAGE), words=words)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())  # nor is anything left where it runs


def test_the_refusal_of_writes_is_real(tmp_path):
    target = PACKAGE / "never_written.txt"
    words = ["vocabulary", str(ROOT / "README.md"), "--output", str(target)]
    code = READ_ONLY.format(package=str(PACKAGE), words=words)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2 and "Permission denied" in done.stderr
    assert done.stderr.count("\n") == 1 and not target.exists()


@pytest.mark.parametrize("kind", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_a_disk_that_cannot_force_a_folder_still_takes_files(
    tmp_path, monkeypatch, kind
):
    whole = os.fsync

    def fsync(number):
        if os.path.isdir(f"/proc/self/fd/{number}"):
            raise OSError(kind, os.strerror(kind))
        whole(number)

    monkeypatch.setattr(os, "fsync", fsync)
    replace_text(tmp_path / "a.txt", "é\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()


def test_a_disk_that_fails_is_not_passed_over(tmp_path, monkeypatch):
    def fsync(number):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output"):
        replace_text(tmp_path / "a.txt", "x")
    assert not list(tmp_path.iterdir())


def test_a_disk_without_modes_still_takes_files(tmp_path, monkeypatch):
    def chmod(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", chmod)
    replace_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "x"


def test_a_line_ends_alike_on_all_systems(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "linesep", "\r\n")
    replace_text(tmp_path / "a.txt", "a\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"a\nb\n"
