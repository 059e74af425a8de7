"""The ablation lab: variants, runs, and records with intervals.

Chapter: 13
"""
