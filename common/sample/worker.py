"""One process's share of a generated data set, started by `dataset.generate`.

It prints one JSON line an image and refuses to decide anything itself.
"""

import json
import sys
from pathlib import Path

from common.sample.dataset import Drawing, Share, image_tasks, write_share


def main(share: Share) -> None:
    """Write the images of one share and report each on stdout."""
    rank, workers = share["rank"], share["workers"]
    tasks = image_tasks(share["counts"])[rank::workers]
    for entry in write_share(Path(share["folder"]), tasks, Drawing(**share["drawing"])):
        print(json.dumps(entry), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
