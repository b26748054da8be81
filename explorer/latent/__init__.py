"""Everything between a latent and a place on a map: encode, project, neighbours, trust."""
