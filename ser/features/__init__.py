"""From samples to feature frames: one specification, one Fourier transform, many families."""
