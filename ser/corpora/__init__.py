"""Emotional speech corpora: one small reader per corpus, and the search for clips."""
