"""Augmentation of waveforms: copies of a clip as it might have been recorded; a file per change."""
