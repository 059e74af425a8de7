"""The BERT in plain JavaScript, run in Node, and the weights that the page reads."""

import base64
import gzip
import json
import math
import shutil
import subprocess

import numpy as np
import pytest
import torch
from browser_model import FOLDER

from bert_tutorial import BertConfig, BertForPreTraining

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no node on this machine")
ENGINE = FOLDER / "bert.js"
# What runs in Node: the two scripts as a page would load them, then one function.
AROUND = """
const fs = require("fs"), vm = require("vm");
const given = JSON.parse(fs.readFileSync(0, "utf8"));
for (const text of given.scripts) vm.runInThisContext(text);
const answer = ({work})(given.values, globalThis.Bert, globalThis.bertWeights);
fs.writeSync(1, JSON.stringify(answer, (_, v) => ArrayBuffer.isView(v) ? [...v] : v));
"""


def in_node(work, values, weights=None):
    """Run a JavaScript function of (values, Bert, bertWeights) and give its result."""
    scripts = [ENGINE.read_text("utf-8")] + ([weights] if weights else [])
    text = json.dumps({"scripts": scripts, "values": values})
    done = subprocess.run(
        [NODE, "-e", AROUND.replace("{work}", work)],
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def compressed(path):
    """Give the bytes of a file as a server sends it."""
    return len(gzip.compress(path.read_bytes(), 9))


def stored(name, about):
    """Read what a script of weights holds; its first line must say what that is."""
    text = (FOLDER / f"{name}.js").read_text("utf-8")
    assert text.startswith(f"// {about}")
    return json.loads(text.split(" = ", 1)[1].rstrip(";\n"))


def model_of(values, kind=BertForPreTraining):
    """Read the bytes as the page does; in "byte" a matrix has a scale for each row."""
    data, at = base64.b64decode(values["data"]), 0
    model = kind(BertConfig(**values["config"])).eval()
    parameters = dict(model.named_parameters())
    assert [name for name, _ in values["tensors"]] == list(parameters)
    for name, shape in values["tensors"]:
        size = math.prod(shape)
        if values["format"] == "half" or len(shape) == 1:
            row = np.frombuffer(data, "<f2", size, at).astype("f4").reshape(shape)
            at += 2 * size
        else:
            part = np.dtype([("scale", "<f4"), ("whole", "i1", shape[1])])
            rows = np.frombuffer(data, part, shape[0], at)
            row = rows["scale"][:, None] * rows["whole"]
            at += part.itemsize * shape[0]
        with torch.no_grad():
            parameters[name].copy_(torch.tensor(row))
    assert at == len(data)
    return model
