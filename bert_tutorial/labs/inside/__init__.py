"""Looking inside a trained model: maps, changed runs, probes and comparisons.

Chapter: 19
"""
