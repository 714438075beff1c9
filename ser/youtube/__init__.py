"""Sound from the web: YouTube and every other site that yt-dlp knows."""
