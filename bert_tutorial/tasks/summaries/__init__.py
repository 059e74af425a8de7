"""Summaries: choosing sentences, writing words, ROUGE.

Chapter: 17
"""
