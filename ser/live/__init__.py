"""Sound as it happens: microphones, playing, and emotions that appear in step with either."""
