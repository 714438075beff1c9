"""Emotion conversion: the same words in the same voice, with another emotion.

A recording is split into phrases, and each is described by its `Contours`: spectral envelope, F0
and voicing. An engine (a network, or rules) computes a `Modification` of them, and synthesis
applies it to the waveform itself (TD-PSOLA and a time-varying filter).
"""
