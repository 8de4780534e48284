"""What there is to show, as values."""

from triptych.reports.view.frame import frame

__all__ = ["frame"]
