"""Speech in, the same words of the same voice in another emotion out.

A recording is cut into phrases, and each is described by its `Contours`. An engine says what is to
become of them, as a `Change`; the renderer does that to the waveform itself.
"""
