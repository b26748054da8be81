"""The server. `streamlit run app.py` finds the st.App below and serves its script and routes."""

import streamlit as st
from starlette.middleware import Middleware

from explorer.serve.quiet import Noticing
from explorer.serve.routes import routes
from explorer.serve.warm import lifespan

noticing = [Middleware(Noticing)]
app = st.App("navigation.py", routes=routes(), lifespan=lifespan, middleware=noticing)
