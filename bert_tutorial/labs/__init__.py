"""What single chapters of parts II to IV build on top of the model.

Chapter: 13
"""
