"""Sound in and out: decoding, writing, sound devices."""
