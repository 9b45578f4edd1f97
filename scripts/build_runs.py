"""Build the tests' record of what real minikube releases asked a mirror, from a folder of facts.

python scripts/build_runs.py FACTS_DIR           writes tests/unit/minikube_runs.json
python scripts/build_runs.py --check FACTS_DIR   writes nothing; ends with 1 where they differ
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parent.parent / "tests" / "unit" / "minikube_runs.json"
FACTS = "minikube-runs.json"


def build(runs: dict[str, Any]) -> str:
    """Return the record's text: of each run its choices, and each request once, in order."""
    rows = [_row(run) for name, run in sorted(runs.items()) if not name.startswith("_")]
    return json.dumps(rows, indent=1) + "\n"


def _row(run: dict[str, Any]) -> dict[str, Any]:
    requests = sorted(" ".join(line.split()[:2]) for line in run["host"])
    return {
        "minikube": run["release"],
        "runtime": run["runtime"],
        "kubernetes": run["node"]["kubeadm_kubernetesVersion"],
        "repository": run["node"]["kubeadm_imageRepository"],
        "dockerd": run["node"].get("dockerd", ""),
        "host": list(dict.fromkeys(requests)),
    }


def main() -> int:
    """Build or check; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("facts", type=Path)
    arguments = parser.parse_args()
    text = build(json.loads((arguments.facts / FACTS).read_text("utf-8")))
    if not arguments.check:
        RECORD.write_text(text, encoding="utf-8")
        return 0
    if RECORD.read_text("utf-8") != text:
        print(f"{RECORD.name} is not what {FACTS} says; run scripts/build_runs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
