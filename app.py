"""The server. `streamlit run app.py` finds the st.App below and serves its script and routes."""

import streamlit as st

from explorer.serve.routes import middleware, routes
from explorer.serve.warm import lifespan

app = st.App("navigation.py", routes=routes(), middleware=middleware(), lifespan=lifespan)
