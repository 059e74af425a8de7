"""Tagging: CoNLL files, BIO tags, windows, scores of entities.

Chapter: 15
"""
