"""A classifier as one network from samples to probabilities, for phones, browsers and programs.

What `ser.features` computes of a clip with NumPy is written here as TensorFlow functions of a fixed
number of samples, and their graph is joined with the networks that the artifact carries.
"""
