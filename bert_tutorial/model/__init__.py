"""BERT: configuration, embeddings, attention, encoder, heads, checkpoints.

Chapter: 5
Used from: 1
"""
