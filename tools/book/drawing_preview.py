"""Write a page with drawings as the site and a phone show them, in light and dark.

python tools/book/drawing_preview.py                         all, to drawings.html
python tools/book/drawing_preview.py three_tables --out x.html
"""

import argparse
from pathlib import Path

from bert_tutorial.course.drawings import all_drawings, show_drawing

LOOKS = {"light": ("#fff", "#222832"), "dark": ("#14181e", "#ced6dd")}
VARIABLES = {
    "light": "--book-blue:#005e94;--book-green:#00694c;--book-red:#a33b00",
    "dark": "--book-blue:#6cbcec;--book-green:#4fc79f;--book-red:#f0955a",
}
WIDTHS = (640, 335)  # pixels that the site gives a figure, wide and on a phone


def page(names: list[str]) -> str:
    """Write the page."""
    parts = ['<!doctype html><meta charset="utf-8"><body style="margin:0">']
    for name in names:
        art = show_drawing(name)._repr_html_()
        for look, (ground, ink) in LOOKS.items():
            style = f"background:{ground};color:{ink};{VARIABLES[look]};display:flex"
            panes = "".join(
                f'<div style="width:{width}px;margin:12px">{art}</div>'
                for width in WIDTHS
            )
            parts.append(f'<div style="{style}">{panes}</div>')
    return "\n".join(parts)


def main() -> None:
    """Write what the command line names."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("names", nargs="*", help="drawings; all if none is named")
    parser.add_argument("--out", type=Path, default=Path("drawings.html"))
    options = parser.parse_args()
    options.out.write_text(page(options.names or all_drawings()), encoding="utf-8")
    print(options.out)


if __name__ == "__main__":
    main()
