"""From audio to emotions: windows, classifier, adaptation, live sound, batches of recordings."""
