"""Objective evaluation of emotion conversion: classifiers and distances, no listening test.

Classifiers of emotion, speaker and sentence are trained on real recordings of speakers that no part
of the conversion model was trained on. Each speaker is evaluated by classifiers that were trained
on the other ones.
"""
