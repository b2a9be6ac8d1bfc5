"""What an exported model says of itself in `segmenter.json`: all that is needed to predict with
the weights that lie beside it, without the run that it was trained in.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from common import __version__
from common.files import write_whole
from common.json_files import DamagedFileError, read_json_object, to_json
from common.masks.postprocess import Postprocess
from common.scale import ImageSizes

EXPORT_FILE = "segmenter.json"
EXPECTED = "expected what an export wrote. Export the model again."


@dataclass(frozen=True)
class ExportedModel:
    """A model folder that is whole by itself.

    Attributes:
        approach: whose model lies in `models/`, with its members where it has some.
        postprocess: makes masks of its probabilities.
        image_sizes: of the images that it was fitted to; None where they are not known.
        version: of the software that wrote it.
    """

    approach: str
    postprocess: Postprocess
    image_sizes: ImageSizes | None = None
    version: str = __version__


_ADAPTER = TypeAdapter(ExportedModel)


def is_exported(folder: Path) -> bool:
    """Whether a folder holds an exported model."""
    return (folder / EXPORT_FILE).is_file()


def write_exported(folder: Path, model: ExportedModel) -> None:
    """Write the description of a model whose files lie in the folder."""
    write_whole(folder / EXPORT_FILE, to_json(asdict(model)))


def read_exported(folder: Path) -> ExportedModel:
    """The description of an exported model.

    Raises:
        DamagedFileError: the file holds something else.
    """
    path = folder / EXPORT_FILE
    content = read_json_object(path, "postprocess", EXPECTED)
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg']}"
        raise DamagedFileError(f"{path} cannot be read: {problem}; {EXPECTED}") from error
