"""The views: replay equals live, whatever the batches were."""
