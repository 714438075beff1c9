"""Recordings from the web: yt-dlp finds and downloads them, PyAV makes WAV or FLAC of them."""
