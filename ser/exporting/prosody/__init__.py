"""Prosodic functionals as TensorFlow functions; `ser.features.prosody` has their meaning."""
