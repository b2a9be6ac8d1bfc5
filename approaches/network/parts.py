"""A batch that does not fit into the memory is learned from in parts: their gradients add up, so
the batch stays as large as it was.
"""

import gc
import logging
from collections.abc import Callable

import torch

LEAST = 2  # crops in a part, since batch norm needs company
log = logging.getLogger(__name__)


class BatchTooLargeError(MemoryError):
    """Not even the smallest part of a batch fits; the message says what to do."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was refused, on a GPU or by the system."""
    wordings = ("out of memory", "can't allocate memory", "not enough memory")
    refused = isinstance(error, RuntimeError) and any(one in str(error) for one in wordings)
    return refused or isinstance(error, MemoryError | torch.OutOfMemoryError)


class Parts:
    """Into how many parts each batch of a training is divided: one, until one does not fit."""

    def __init__(self, name: str):
        self.name, self.count = name, 1

    def learn(
        self,
        images: torch.Tensor,
        target: torch.Tensor,
        backward: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
        forget: Callable[[], None],
    ) -> torch.Tensor:
        """Learn from a batch; returns its loss, the mean over its parts.

        Args:
            images: (B, 3, crop, crop).
            target: (B, 1, crop, crop).
            backward: adds the gradients of a part with this weight to the others, and returns the
                loss of the part times its weight.
            forget: the gradients so far.

        Raises:
            BatchTooLargeError: not even two crops fit.
        """
        while True:
            try:
                pairs = zip(images.chunk(self.count), target.chunk(self.count), strict=True)
                losses = [backward(*pair, len(pair[0]) / len(images)) for pair in pairs]
                return torch.stack(losses).sum()
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).partition("\n")[0]
            forget()
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            size = -(-len(images) // self.count)
            if size < 2 * LEAST:
                raise BatchTooLargeError(
                    f"not even {size} crops of {images.shape[-1]} px fit into the memory "
                    f"({reason}). End other programs, or give a smaller crop_px with --set."
                )
            self.count *= 2
            log.warning(
                "%s: %d crops do not fit into the memory (%s); each step goes over its batch of "
                "%d in %d parts, whose gradients add up",
                self.name,
                size,
                reason,
                len(images),
                self.count,
            )
