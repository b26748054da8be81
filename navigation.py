"""The script behind every page: page settings, navigation, the page itself."""

import streamlit as st

st.set_page_config(page_title="Latent Explorer", page_icon="explorer/view/icon.png", layout="wide")
st.navigation([st.Page("pages/map.py", title="Map", default=True)]).run()
