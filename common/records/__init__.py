"""What a run keeps: its folder, its description, and a record of each approach."""

from common.records.record import (
    CompleteRecord,
    CorruptedScore,
    Costs,
    Fit,
    Provenance,
    Record,
    Robustness,
    Traits,
    as_stored,
    complete,
    complete_records,
    fields_of_fit,
    from_stored,
    read_record,
    read_records,
    write_record,
)
from common.records.set_result import SetResult, with_result

__all__ = [
    "CompleteRecord",
    "CorruptedScore",
    "Costs",
    "Fit",
    "Provenance",
    "Record",
    "Robustness",
    "SetResult",
    "Traits",
    "as_stored",
    "complete",
    "complete_records",
    "fields_of_fit",
    "from_stored",
    "read_record",
    "read_records",
    "with_result",
    "write_record",
]
