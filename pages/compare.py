"""Compare models: the same image in all of them, side by side, measured."""

import streamlit as st

from explorer.view import shell
from explorer.view.chosen import comparison, known, unknown
from explorer.view.compare import TASKS

shell.head(
    "Choose what to compare: the same image goes through every model, and each says its price."
)


@st.fragment
def compare() -> None:
    models = shell.shelf()
    view = shell.current(models)
    shell.top(models)
    for sentence in unknown(models, view):
        st.warning(shell.markdown_safe(sentence))
    now = comparison(models, view)
    left, right = st.columns([2, 5])
    with left:
        shell.chooser(
            "Comparison",
            {key: one.title for key, one in known(models).items()},
            now.key,
            lambda key: shell.show(view.changed(among=key, panels="", lit="")),
            key="among",
            help="Models that differ in one thing alone. " + now.question,
        )
    with right:
        st.session_state["compare"] = view.compare
        st.segmented_control(
            "Look at",
            list(TASKS),
            format_func=lambda one: TASKS[one].title,
            key="compare",
            help="  \n".join(f"**{task.title}**: {task.help}" for task in TASKS.values()),
            on_change=lambda: shell.show(
                view.changed(compare=st.session_state["compare"] or view.compare)
            ),
        )
    TASKS[view.compare].draw(models, view)


compare()
