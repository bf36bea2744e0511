"""The scripts and the settings under stacks/, apart from the programs that use them."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import DEADLINE, REPOSITORY, eventually, free_port, request

STACKS = REPOSITORY / "stacks"
NOBODY = 65534


@pytest.mark.owns_processes
@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user's case is what the other tests run then")
def test_postgres_runs_for_an_ordinary_user_as_that_user(programs):
    with tempfile.TemporaryDirectory(prefix="stackd-") as place:
        os.chown(place, NOBODY, NOBODY)
        environment = {"PGDATA": f"{place}/data", "PGHOST": f"{place}/run", "PGUSER": "shop", "PGDATABASE": "shop"}
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]

        def script(step):
            return programs.run([*become, STACKS / "postgres.sh", step], environment=environment)

        assert script("init").wait() == 0
        server = script("run").wait_ready()
        assert Path(f"{place}/data").stat().st_uid == NOBODY
        assert script("schema").wait() == 0
        count = subprocess.run(
            ["psql", "-X", "-A", "-t", "-c", "SELECT count(*) FROM items"],
            env=dict(os.environ) | environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert count.stdout.strip() == "3", count.stderr
        server.stop()


@pytest.mark.owns_processes
def test_an_initialisation_that_was_cut_off_is_begun_again(programs, directory):
    place = directory / "cut"
    (place / "data.new/base").mkdir(parents=True)
    environment = {
        "PGDATA": str(place / "data"),
        "PGHOST": str(place / "run"),
        "PGUSER": "shop",
        "PGDATABASE": "shop",
    }
    assert programs.run([STACKS / "postgres.sh", "init"], environment=environment).wait() == 0
    assert (place / "data/PG_VERSION").exists() and not (place / "data.new").exists()


@pytest.mark.owns_processes
def test_prometheus_takes_its_settings(programs, tmp_path):
    port = free_port()
    programs.run(
        [
            "prometheus",
            f"--config.file={STACKS}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
    )

    def ready():
        try:
            return request(port, "/-/ready").status == 200
        except OSError:
            return False

    eventually(ready, "Prometheus is ready")
    wanted = {"backend", "gateway", "mcp-database", "mcp-stack"}

    def services():
        targets = request(port, "/api/v1/targets").json()["data"]["activeTargets"]
        return {target["labels"].get("service") for target in targets}

    eventually(lambda: services() >= wanted, "all services are to be scraped")
