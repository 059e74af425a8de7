"""Fine-tuning: sentiment, tagging, questions, summaries; their files and metrics.

Chapter: 14
Used from: 1
"""
