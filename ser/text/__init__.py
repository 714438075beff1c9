"""Words: transcription, translation into English, emotion of text, fusion with the voice."""
