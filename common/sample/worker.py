"""One process's share of a generated data set, started by `dataset.generate`.

It prints one JSON line an image and refuses to decide anything itself.
"""

import json
import sys
from pathlib import Path

from common.sample.dataset import image_tasks, write_share


def main(job: dict) -> None:
    """Write the images of one share and report each on stdout."""
    rank, workers = job["rank"], job["workers"]
    tasks = image_tasks(job["counts"])[rank::workers]
    for entry in write_share(Path(job["folder"]), tasks, job["size"], job["seed"]):
        print(json.dumps(entry), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
