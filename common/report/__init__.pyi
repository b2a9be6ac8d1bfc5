from .page import ReportError, write_report

__all__ = ["ReportError", "write_report"]
