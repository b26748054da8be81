"""The script behind every page: page settings, navigation, the page itself."""

import streamlit as st

from explorer.view import shell

st.set_page_config(page_title="Latent Explorer", page_icon="explorer/view/icon.png", layout="wide")
PAGES = [
    st.Page("pages/map.py", title="Map", default=True),
    st.Page("pages/dimensions.py", title="Dimensions"),
    st.Page("pages/paths.py", title="Paths"),
    st.Page("pages/generate.py", title="Generate"),
    st.Page("pages/compare.py", title="Compare"),
]
page = st.navigation(PAGES, position="hidden")
shell.enter(page.url_path or "map", PAGES)
page.run()
