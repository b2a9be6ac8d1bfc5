from .contract import CHECKS, EXPECTED_FAILURES, Outcome, run_check
from .subject import BUDGET

__all__ = ["BUDGET", "CHECKS", "EXPECTED_FAILURES", "Outcome", "run_check"]
