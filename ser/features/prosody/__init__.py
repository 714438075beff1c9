"""Prosodic functionals: pitch, loudness, voice quality and rhythm of a clip, in one vector."""
