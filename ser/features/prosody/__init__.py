"""Prosody in numbers: pitch, loudness, voice quality and rhythm of a clip, in one vector."""
