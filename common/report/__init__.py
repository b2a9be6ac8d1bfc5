"""The report of a finished run: its sentences, its figures, and the page that holds them."""

from common.report.page import ReportError, write_report

__all__ = ["ReportError", "write_report"]
