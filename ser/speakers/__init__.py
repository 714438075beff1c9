"""Who speaks when: embeddings of voices, clustering, turns, and names."""
