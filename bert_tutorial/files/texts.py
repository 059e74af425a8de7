"""Find text files, read them whole or refuse them clearly; write whole or not at all.

Chapter: 10
Used from: 1
"""

import errno
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bert_tutorial.files.errors import MissingFileError, UserError

__all__ = ["find_text_files", "read_text"]

# Byte order marks of encodings that are not UTF-8, longest first.
OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

# First bytes of files that hold text only once they are unpacked or written anew.
UNPACK = "unpack it"
AS_TEXT = "save the table as .csv or .jsonl, in UTF-8"
OTHER_KINDS = {
    b"\x1f\x8b": ("gzip", UNPACK),
    b"BZh": ("bzip2", UNPACK),
    b"\xfd7zXZ\0": ("xz", UNPACK),
    b"\x28\xb5\x2f\xfd": ("zstd", UNPACK),
    b"7z\xbc\xaf": ("7z", UNPACK),
    b"PK\x03\x04": ("a zip archive or an Excel file", f"{UNPACK}, or {AS_TEXT}"),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word file", AS_TEXT),
    b"PAR1": ("Parquet", AS_TEXT),
    b"ARROW1\0\0": ("Arrow", AS_TEXT),
    b"SQLite format 3\0": ("SQLite", AS_TEXT),
    b"%PDF-": ("PDF", "extract its text first"),
}

# What other programs leave in a folder, and what makes a model of it.
OTHER_MODELS = {
    "adapter_config.json": "it holds an adapter (LoRA), not a model; in peft, "
    "merge_and_unload() gives the whole model, to be saved with save_pretrained",
    "tf_model.h5": "its weights are TensorFlow's; transformers before version 5 reads "
    "them and saves safetensors",
    "flax_model.msgpack": "its weights are Flax's; transformers before version 5 reads "
    "them and saves safetensors",
    "bert_model.ckpt.index": "it holds a TensorFlow checkpoint of the published code; "
    "the hub has these models as safetensors, such as google-bert/bert-base-uncased",
    "model.onnx": "it holds an export to ONNX; name the model that this was made of",
}

# What file systems answer that cannot force a folder to disk, such as some shares.
NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)

PathLike = str | os.PathLike[str]


def find_text_files(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """List the files that a corpus is made of.

    Args:
        paths: a file, a folder (all .txt files in it and below), or several.

    Returns:
        The files, those of a folder in the order of their names.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: nothing was named, or a folder has no .txt file.
    """
    files: list[Path] = []
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        path = Path(path)
        if not os.path.exists(path):  # unlike Path.exists, never raises
            raise MissingFileError(f"no such file or folder: {path}")
        found = [path]
        if path.is_dir():
            found = sorted(p for p in path.rglob("*.txt") if p.is_file())
            if not found:
                raise UserError(
                    f"a folder must hold .txt files, got none in {path}; name the "
                    "files themselves if they end otherwise"
                )
        files += found
    if not files:
        raise UserError("paths must name at least one file or folder, got none")
    return files


def read_text(file: PathLike) -> str:
    r"""Read a UTF-8 file whole; byte order marks go, \r\n and \r become \n.

    Args:
        file: the file.

    Returns:
        Its text.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read, or is not UTF-8 text; the message names the
            offset of the first offending byte, counted from 0.
    """
    try:
        data = Path(file).read_bytes()
    except FileNotFoundError:
        raise MissingFileError(f"no such file: {file}") from None
    except OSError as error:
        if os.path.isdir(file):
            raise UserError(f"{file} is a folder; name a file in it") from None
        raise UserError(
            f"{file}: the file must be readable, got {error.strerror}"
        ) from None
    text = decode_text(data, file).lstrip("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode_text(data: bytes, file: PathLike) -> str:
    """Decode the bytes of a file.

    Raises:
        ValueError: they are not UTF-8 text; the message says what they may be.
    """
    refuse_other_marks(data, file)
    if (nul := data.find(0)) >= 0:
        refuse_other_kinds(data, file)
        line = len(re.findall(rb"\r\n?|\n", data[:nul])) + 1
        raise UserError(
            f"{file}: text must not hold NUL, got one at byte {nul} (line {line}); is "
            "it a binary file, or UTF-16 without a byte order mark?"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        refuse_other_kinds(data, file)
        raise UserError(
            f"{file}: text must be UTF-8, got byte 0x{data[error.start]:02x} at byte "
            f"{error.start}; save the file as UTF-8 (it may be Latin-1 or Windows-1252)"
        ) from None


def refuse_other_marks(data: bytes, file: PathLike) -> None:
    """Refuse a file that begins with the byte order mark of another encoding.

    Args:
        data: the first bytes of the file, or all.
        file: named in the error.

    Raises:
        ValueError: it does; the message names the encoding.
    """
    for mark, name in OTHER_MARKS.items():
        if data.startswith(mark):
            raise UserError(
                f"{file}: text must be UTF-8, got the byte order mark of {name} at "
                "byte 0; save the file as UTF-8"
            )


def refuse_other_kinds(data: bytes, file: PathLike) -> None:
    """Refuse a file that begins as an archive or a table of another kind does.

    Args:
        data: the first bytes of the file, or all.
        file: named in the error.

    Raises:
        ValueError: it does; the message names the kind, and what helps.
    """
    for start, (name, way_out) in OTHER_KINDS.items():
        if data.startswith(start):
            raise UserError(f"{file} must be text, but is {name}; {way_out}")


def instead_of_model(folder: Path) -> str:
    """Say what a folder that is no model has in place of one; "" if nothing known."""
    for name, said in OTHER_MODELS.items():
        if (folder / name).is_file():
            return f"; {said}"
    if not folder.is_dir() or (folder / "config.json").is_file():
        return ""
    inner = sorted(path.parent.name for path in folder.glob("*/config.json"))
    return f"; name a folder in it, such as {folder / inner[0]}" if inner else ""


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        MissingFileError: there is no such file.
        UserError: it cannot be read, or is not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(f"no such file: {path}") from None
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path} must be JSON, but is not: {error}") from None
    if not isinstance(values, dict):
        raise UserError(
            f"{path} must be a JSON object of keys and values, "
            f"got {type(values).__name__}"
        )
    return values


def replace_file(path: Path, write: Callable[[str], object]) -> None:
    """Let `write(temporary)` make a file, force it to disk, give it its name.

    A process killed on the way leaves the old file, and one named `.NAME.` and more.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        with suppress(OSError):  # a share or a FAT disk may have no modes
            os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the name, too, must be on the disk
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        except OSError as error:
            if error.errno not in NO_FOLDER_SYNC:
                raise
        finally:
            os.close(directory)


def replace_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, its line ends as they are, as `replace_file` does."""
    data = text.encode("utf-8")
    replace_file(path, lambda name: Path(name).write_bytes(data))


def replace_json(path: Path, values: object) -> None:
    """Write values as JSON in the way of all reports, as `replace_file` does."""
    replace_text(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")
