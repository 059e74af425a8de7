r"""Show formulas where no script runs, too: MathML beside the TeX that MathJax sets.

The page keeps `\(x_j\)` for MathJax. Behind it stands the same formula as MathML in a
<noscript>, which a browser with scripts never shows; `custom.css` hides the TeX where
there are none. Only what the book uses of TeX is known; anything else ends the build.
"""

import html
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

SIGNS = {
    **{"cdot": "&sdot;", "times": "&times;", "to": "&rarr;", "dots": "&hellip;"},
    **{"pm": "&plusmn;", "approx": "&asymp;", "sum": "&sum;", "top": "&#x22a4;"},
    **{"le": "&le;", "ge": "&ge;", "in": "&isin;", "mid": "&#x2223;"},
}
LETTERS = {
    **{"alpha": "&alpha;", "beta": "&beta;", "gamma": "&gamma;", "tau": "&tau;"},
    **{"varepsilon": "&epsilon;", "epsilon": "&epsilon;", "theta": "&theta;"},
    **{"pi": "&pi;", "Phi": "&Phi;", "sigma": "&sigma;", "mu": "&mu;"},
    **{"lambda": "&lambda;", "Delta": "&Delta;"},
}
PLAIN = {"-": "&minus;", "*": "&lowast;"}
PRIME, SUM = "<mo>&prime;</mo>", "<mo>&sum;</mo>"
NAMES = {"ln", "log", "exp", "cos", "sin", "max", "min", "tanh"}
SPACES = {",": "0.17em", ";": "0.28em", "quad": "1em", " ": "0.25em"}
TOKEN = re.compile(r"\\([A-Za-z]+|.)|([A-Za-z])|(\d+(?:[.,]\d+)*)|(\S)|(\s+)", re.S)
FORMULA = re.compile(
    r'<(span|div) class="math notranslate nohighlight"([^>]*)>\s*'
    r"\\([(\[])(.*?)\\[)\]]\s*</\1>",
    re.S,
)


class Reader:
    """Reads one formula, piece by piece.

    Args:
        text: TeX without the marks around it.
    """

    def __init__(self, text: str) -> None:
        self.tex = text
        self.pieces = [found.group() for found in TOKEN.finditer(text)]
        self.at = 0

    def next(self) -> str:
        """Take the next piece; "" at the end."""
        self.at += 1
        return self.pieces[self.at - 1] if self.at <= len(self.pieces) else ""

    def ahead(self) -> str:
        """Look at the next piece that is not a space."""
        while self.at < len(self.pieces) and self.pieces[self.at].isspace():
            self.at += 1
        return self.pieces[self.at] if self.at < len(self.pieces) else ""

    def row(self, end: str = "") -> str:
        """Read up to a closing piece, which is taken, or to the end."""
        parts = []
        while (piece := self.ahead()) != end:
            if not piece:
                raise self.unknown("the end")
            parts.append(self.scripted())
        self.next()
        return f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """Read an atom with what stands below and above it."""
        atom, below, above = self.atom(), "", ""
        while (mark := self.ahead()) in ("_", "^", "'") and mark:
            self.next()
            if mark == "_":
                below = self.atom()
            else:
                above = PRIME if mark == "'" else self.atom()
        is_sum = atom == SUM
        if below and above:
            name = "munderover" if is_sum else "msubsup"
            return f"<{name}>{atom}{below}{above}</{name}>"
        if below or above:
            name = ("munder" if is_sum else "msub") if below else "msup"
            return f"<{name}>{atom}{below or above}</{name}>"
        return atom

    def atom(self) -> str:
        """Read a letter, a number, a sign, a group or a command."""
        self.ahead()
        piece = self.next()
        if piece == "{":
            return self.row("}")
        if piece.startswith("\\"):
            return self.command(piece[1:])
        if not piece:
            raise self.unknown("the end")
        kind = "mi" if piece.isalpha() else "mn" if piece[0].isdigit() else "mo"
        return f"<{kind}>{PLAIN.get(piece) or html.escape(piece)}</{kind}>"

    def command(self, name: str) -> str:
        """Write what a command stands for."""
        if name in SIGNS:
            return f"<mo>{SIGNS[name]}</mo>"
        if name in LETTERS:
            return f"<mi>{LETTERS[name]}</mi>"
        if name in NAMES:
            return f"<mi>{name}</mi>"
        if name in SPACES:
            return f'<mspace width="{SPACES[name]}"></mspace>'
        if name in ("frac", "tfrac"):
            return f"<mfrac>{self.atom()}{self.atom()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.atom()}</msqrt>"
        if name == "bar":
            return f'<mover accent="true">{self.atom()}<mo>¯</mo></mover>'
        if name in ("text", "mathrm"):
            return self.words()
        if name in ("left", "right"):
            self.ahead()
            return f"<mo>{html.escape(self.next().lstrip(chr(92)))}</mo>"
        if name in "{}%_&#$":
            return f"<mo>{html.escape(name)}</mo>"
        raise self.unknown(f"\\{name}")

    def words(self) -> str:
        """Read the upright words of a group."""
        self.ahead()
        text, piece = "", self.next()
        if piece != "{":
            raise self.unknown(piece)
        while (piece := self.next()) != "}":
            if not piece:
                raise self.unknown("the end")
            text += piece
        return f"<mtext>{html.escape(text)}</mtext>"

    def unknown(self, what: str) -> ExtensionError:
        """Say what of the formula is not known here."""
        return ExtensionError(
            f"plain_formulas.py does not know {what} in {self.tex!r}: add it there"
        )


def mathml(tex: str, is_display: bool = False) -> str:
    """Write a formula as MathML.

    Raises:
        ExtensionError: for TeX that the book has not used so far.
    """
    kind = ' display="block"' if is_display else ""
    return f"<math{kind}>{Reader(tex).row()}</math>"


def with_mathml(text: str) -> str:
    """Put the MathML behind each formula of a page."""

    def add(found: re.Match[str]) -> str:
        tex = html.unescape(re.sub("<[^>]+>", "", found[4]))
        name = found[1]
        plain = mathml(tex, is_display=found[3] == "[")
        return f"{found[0]}<noscript><{name}>{plain}</{name}></noscript>"

    return FORMULA.sub(add, text)


def write(app: Sphinx, error: Exception | None) -> None:
    """Do so in all pages, in which the theme repeats some formulas in its lists."""
    if error is not None or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        after = with_mathml(text)
        if after != text:
            path.write_text(after, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it for when the pages are written."""
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
