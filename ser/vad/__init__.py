"""Voice activity detection: whether and how long somebody speaks, by Silero VAD."""
