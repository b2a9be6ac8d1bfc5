from .contract import CHECKS, Outcome, run_check

__all__ = ["CHECKS", "Outcome", "run_check"]
