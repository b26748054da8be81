"""A component of a page: a folder with its markup, style and script, mounted in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

# Only this loader travels with each update; the module itself is fetched once and cached. It must
# hold a line break: Streamlit takes a script of one line for a file path.
LOADER = """export default async (component) => {
  const url = new URL('./explorer/assets/NAME/NAME.js', document.baseURI).href
  return (await import(url)).default(component)
}
"""


def component(
    folder: Path, data: Mapping[str, Any], key: str, **handlers: Callable[[], None]
) -> Any:
    """Mount the component that lies in a folder of `explorer/view`: `NAME/NAME.html`, `.css` and
    `.js`, whose default export hears `data`.

    `on_commit=f` runs `f` when its script has called `setTriggerValue('commit', value)`;
    `st.session_state[key].commit` is then the value.
    """
    markup, style = _parts(folder)
    mount = st.components.v2.component(
        f"latent_explorer_{folder.name}",
        html=markup,
        css=style,
        js=LOADER.replace("NAME", folder.name),
        isolate_styles=False,  # Plotly's events do not arrive inside a shadow root
    )
    heard: dict[str, Any] = {f"{on}_change": f for on, f in handlers.items()}
    return mount(key=key, data=dict(data), **heard)


@lru_cache
def _parts(folder: Path) -> tuple[str, str]:
    """The markup and the style of a component."""
    markup, style = (folder / f"{folder.name}.{kind}" for kind in ("html", "css"))
    return markup.read_text(encoding="utf-8"), style.read_text(encoding="utf-8")
