"""Augmentation of waveforms: changed copies of clips for training; a file per transform."""
