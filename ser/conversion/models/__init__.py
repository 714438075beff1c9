"""Networks that change the emotion of a voice."""
