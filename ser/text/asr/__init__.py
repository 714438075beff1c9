"""Speech to text: finding speech in a stream, and recognizing its words."""
