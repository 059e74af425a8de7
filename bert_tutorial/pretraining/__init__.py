"""Pretraining data: documents, sentence pairs, masking, batches; the run on a corpus.

Chapter: 10
Used from: 1
"""
