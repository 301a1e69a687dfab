"""How a metric's value looks on MLflow's wire: infinities become the greatest double (rule M3)."""

DOUBLE_MAX = 1.7976931348623157e308


def clamped(value: float) -> float:
    """The value with plus or minus infinity replaced by plus or minus the greatest double."""
    return max(-DOUBLE_MAX, min(DOUBLE_MAX, value))
