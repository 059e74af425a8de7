"""Put the plots of the notebooks into the page itself, so that its style turns them.

As files of their own they would stay white in the dark: a picture that a page only
names does not hear of the page's colours. How one is written: `tools/book/figure_svg`.
"""

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from figure_svg import for_page


class InlinePlots(SphinxTransform):
    """Replace the images of plots before Sphinx collects what a page names."""

    default_priority = 870  # 880: the event at which Sphinx collects images

    def apply(self, **_: Any) -> None:
        """Do so on one page."""
        if not self.env.docname.startswith("notebooks/"):
            return
        chapter = re.sub(r"\D.*", "", self.env.docname.removeprefix("notebooks/"))
        plots = [
            image
            for image in self.document.findall(nodes.image)
            if "mime_type" in image.parent
            and image.parent["mime_type"] == "image/svg+xml"
        ]
        for number, image in enumerate(plots, 1):
            path = Path(self.env.relfn2path(image["uri"], self.env.docname)[1])
            html = for_page(
                path.read_text(encoding="utf-8"),
                f"bt-plot-{chapter}-{number}",  # "bt-": unique in the whole book
                image.get("alt", ""),
            )
            image.replace_self(nodes.raw("", html, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform and the colours of the dark."""
    app.add_transform(InlinePlots)
    app.add_css_file("figures.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
