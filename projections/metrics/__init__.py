"""Metrics: which value has a metric last, what is its history, and how does it look as a chart?

Handles  MetricsLogged, PointsRetracted, PointsReinstated, RunErased
Tables   latest_metrics, metric_documents, metric_names, metric_wide, metric_tails, metric_groups,
         metric_blocks, metric_retractions

A batch of events is folded in memory first: however many calls a run logged, its points become one
wide row and each of its metrics one upsert of the latest value.  From wide rows points move on to
tails and blocks of their series, where they stay, with a summary of each (`compaction.py`).
"""

from projections.metrics.projection import metrics

__all__ = ["metrics"]
