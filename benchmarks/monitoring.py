"""What monitoring costs: traces kept nowhere, here, by a collector, by one that is down; guards; memory.

    uv run python benchmarks/monitoring.py

Writes the default project into a temporary folder and runs `benchmarks/monitoring/measure.py` in its
environment, on the embedded PostgreSQL and Valkey. The collector is a local server that takes OTLP over HTTP
as Langfuse does.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
HERE = ROOT / "benchmarks" / "monitoring"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        copy = ["copier", "copy", "--quiet", "--defaults", "--vcs-ref=HEAD", str(ROOT), str(project)]
        subprocess.run(["uv", "run", "--project", str(ROOT), *copy], check=True)
        shutil.copy(HERE / "measure.py", project)
        subprocess.run(["uv", "sync", "--quiet"], cwd=project, check=True)
        subprocess.run(["uv", "run", "--no-sync", "python", "measure.py"], cwd=project, check=True)


if __name__ == "__main__":
    main()
