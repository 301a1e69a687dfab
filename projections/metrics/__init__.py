"""Metrics: which value has a metric last, and what is its whole history?

Handles  MetricsLogged
Tables   latest_metrics, metric_documents, metric_segments

A batch of events is folded in memory first: however many calls logged a series, it becomes one
segment row and one upsert of its latest value.
"""

from projections.metrics.projection import metrics

__all__ = ["metrics"]
