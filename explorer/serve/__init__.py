"""What answers at pointer speed, beside Streamlit: the decode channel and the binary routes."""
