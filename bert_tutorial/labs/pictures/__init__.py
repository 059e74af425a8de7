"""One encoder for drawings and words.

Chapter: 22
"""
