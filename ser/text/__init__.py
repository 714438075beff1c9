"""What was said and how: the emotion of a voice beside that of its words."""
