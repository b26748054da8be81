"""All Streamlit and Plotly code that pages share: shell, ViewState, components."""
