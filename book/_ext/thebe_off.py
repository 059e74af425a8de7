"""Keep Thebe off the site: jupyter-book brings it, and no page of this book uses it.

It would write the address of a script on another host into every page (twice, so that
browsers report an error), and settings of a kernel that nobody starts.
"""

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

NAME = "sphinx_thebe"


def switch_off(app: Sphinx, config: Config) -> None:
    """Take back what Thebe has registered by now: its listeners and its style."""
    found = [
        one.id
        for listeners in app.events.listeners.values()
        for one in listeners
        if getattr(one.handler, "__module__", "").split(".")[0] == NAME
    ]
    styles = [one for one in app.registry.css_files if one[0] == "sphinx-thebe.css"]
    if NAME in app.extensions and not (found and styles):
        raise ExtensionError(f"{NAME} registers its parts differently now")
    for listener in found:
        app.disconnect(listener)
    for style in styles:
        app.registry.css_files.remove(style)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it for when all extensions are set up."""
    app.connect("config-inited", switch_off)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
