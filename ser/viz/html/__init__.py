"""One recording as a web page that needs nothing else: sound, curves and segments."""
