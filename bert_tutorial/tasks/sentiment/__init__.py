"""Sentiment: tables of labelled texts, the classifier, its baseline.

Chapter: 14
"""
