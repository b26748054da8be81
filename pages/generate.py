"""Make new images: from the prior, over the whole manifold, by class, with codes, out of noise."""

import streamlit as st

from explorer.view import settings, shell
from explorer.view.generate import TASKS

shell.head("Choose what to make; the decoder turns latents that nobody encoded into images.")


@st.fragment
def make() -> None:
    models = shell.shelf()
    view = shell.current(models)
    shell.top(models)
    card = models.cards[view.model]
    able = [name for name, task in TASKS.items() if not task.why_not(card)]
    name = view.task or able[0]
    left, right = st.columns([2, 5])
    with left:
        settings.model_chooser(models, view)
    with right:
        st.session_state["task"] = name
        st.segmented_control(
            "Task",
            list(TASKS),
            format_func=lambda one: TASKS[one].title,
            key="task",
            help="What to make. A task that this model cannot do says why, and which models can.",
            on_change=lambda: shell.show(view.changed(task=st.session_state["task"] or name)),
        )
    if why := TASKS[name].why_not(card):
        instead(models, name, why)
        return
    TASKS[name].draw(models, view)


def instead(models: shell.Shelf, name: str, why: str) -> None:
    """Why this model cannot do a task, and the models that can."""
    st.info(why)
    view = shell.current(models)
    for model, card in models.cards.items():
        if not TASKS[name].why_not(card):
            other = view.with_model(model, models.shown[model]).changed(task=name)
            st.button(
                f"Open {card.title}", key=f"instead-{model}", on_click=shell.show, args=[other]
            )


make()
