"""Batch jobs: score a data file in S3 chunk by chunk, each row exactly once.

Workers may crash, and messages may be delivered twice and in any order.
"""
