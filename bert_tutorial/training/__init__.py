"""Training: device, optimizer, the loop, its log and its states on disk.

Chapter: 12
Used from: 1
"""
