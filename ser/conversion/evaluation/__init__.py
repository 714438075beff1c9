"""How good translated speech is, by machines that have never heard what translates it.

Nobody has listened: what stands here are answers of classifiers, and distances. Judges, speaker and
sentence classifiers are trained on real recordings of actors that no part of a translator was
trained on, and tested on the one among these actors whom they do not know.
"""
