"""Questions: SQuAD files, windows, answer spans, the metric.

Chapter: 16
"""
