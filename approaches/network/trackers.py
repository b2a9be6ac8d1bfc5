"""Where a training's curve goes beside the files of the run: the services that accelerate's
`log_with` reaches, such as Weights & Biases and MLflow. Nothing is sent unless a command asks.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

from approaches.base import ConfigError
from common.commands import did_you_mean

PROJECT = "segmentation-bench"
log = logging.getLogger(__name__)
_wanted: list[str] = []


def track_with(names: Sequence[str]) -> None:
    """The services that trainings of this process report to from now on.

    Args:
        names: as accelerate calls them, such as "wandb"; none stops reporting.

    Raises:
        ConfigError: accelerate knows no such service, or its package is not installed.
    """
    unknown = [name for name in names if name not in LOGGER_TYPE_TO_CLASS]
    if unknown:
        raise ConfigError(
            f"--log-with got {', '.join(unknown)}; accelerate knows "
            f"{', '.join(LOGGER_TYPE_TO_CLASS)}.{did_you_mean(unknown, LOGGER_TYPE_TO_CLASS)}"
        )
    ready = [str(name) for name in get_available_trackers()]
    missing = [name for name in names if name not in ready]
    if missing:
        raise ConfigError(
            f"--log-with {','.join(missing)}: its package is not installed; pip install "
            f"{' '.join(missing)} first."
        )
    _wanted[:] = names


def wanted(folder: Path | None) -> list[str]:
    """The services that a training in this folder reports to; none where it keeps nothing."""
    return [] if folder is None else list(_wanted)


def begin(accelerator: Accelerator, name: str, settings: Mapping[str, Any]) -> None:
    """Open the services of a training's accelerator, with its name and settings. Where one cannot
    be opened, a warning says why, and the training goes on without any.
    """
    plain = {
        key: value if isinstance(value, bool | int | float | str) else str(value)
        for key, value in settings.items()
    }
    names = {"wandb": {"name": name}, "mlflow": {"run_name": name}}
    try:
        accelerator.init_trackers(PROJECT, plain, names)
    except Exception as error:  # each service has its own; none is worth a training
        accelerator.trackers.clear()
        services = ", ".join(str(service) for service in accelerator.log_with)
        reason = f"{type(error).__name__}: {error}"
        log.warning("%s: nothing is reported to %s (%s)", name, services, reason)


def end(accelerator: Accelerator) -> None:
    """Close the services; `Accelerator.end_training` would part the processes too."""
    for tracker in accelerator.trackers if accelerator.is_main_process else ():
        tracker.finish()
