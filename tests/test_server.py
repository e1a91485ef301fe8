"""A server that is really run: the image of the default project, behind Caddy with an authority of its own.

Needs a Docker engine, Compose, and the images that the files name, or `stand_ins/build` in their place. Takes
the ports 80 and 443.
"""

import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from copier import Settings, run_copy

from tests.composition import template as composed
from tests.questionnaire import ROOT, defaults
from tests.test_shipping import PRODUCTION, secrets_of

pytestmark = pytest.mark.docker


def images() -> list[str]:
    """Return the public images that the server of the default project needs."""
    services = productions_with("postgres", "valkey-exporter")[0]["services"].values()
    named = {service["image"] for service in services if "build" not in service}
    dockerfiles = [
        composed().content(name, defaults()) for name in ("Dockerfile", "deploy/backup/Dockerfile")
    ]
    bases = {
        base for text in dockerfiles for base in re.findall(r"^FROM (\S+:\S+)", text.decode(), re.MULTILINE)
    }
    return sorted(bases | {image for image in named if "$" not in image})


def productions_with(*names: str) -> list[dict[str, Any]]:
    """Return the productions that have these services, the smallest first."""
    found = [document for document in PRODUCTION if document["services"].keys() >= {*names}]
    return sorted(found, key=lambda document: len(document["services"]))


@dataclass
class Server:
    """The default project, served from its folder `deploy`."""

    folder: Path
    key: str = ""
    trusting: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    statuses: Counter[object] = field(default_factory=Counter)
    """What clients were answered under load."""
    accepted: list[str] = field(default_factory=list)
    """Runs that were accepted under load."""

    def do(self, *command: str, fails: bool = False) -> str:
        """Run a command of the folder."""
        done = subprocess.run(
            [f"./{command[0]}", *command[1:]], cwd=self.folder, capture_output=True, text=True, check=False
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, output
        return output

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the API over HTTPS."""
        request = urllib.request.Request(
            f"https://localhost{path}",
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, context=self.trusting, timeout=30) as answer:
            return answer.read().decode()

    def trust_caddy(self) -> None:
        """Trust the authority of the Caddy of this test, and no other."""
        read = ("cat", "/data/caddy/pki/authorities/local/root.crt")
        self.trusting.load_verify_locations(cadata=self.do("compose", "exec", "-T", "caddy", *read))

    def start_run(self) -> str:
        """Start a run, and return its id."""
        body = {"workflow": "echo_summary", "input": {"text": "A worker did this.", "max_words": 4}}
        return str(json.loads(self.ask("/v1/runs", body))["id"])

    def wait_for(self, run: str) -> dict[str, Any]:
        """Return a run once it has ended."""
        for _ in range(120):
            document: dict[str, Any] = json.loads(self.ask(f"/v1/runs/{run}"))
            if document["status"] in {"succeeded", "failed"}:
                return document
            time.sleep(0.5)
        pytest.fail(f"run {run} does not end")

    def load(self, stop: threading.Event) -> None:
        """Start runs, one after the other, until it is enough."""
        while not stop.wait(0.2):
            try:
                self.accepted.append(self.start_run())
                self.statuses["accepted"] += 1
            except (OSError, ValueError) as error:
                self.statuses[repr(error)] += 1

    def sql(self, statement: str) -> str:
        """Ask the database."""
        return self.do("compose", "exec", "-T", "postgres", "psql", "-U", "app", "-Atc", statement).strip()


def docker(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        ["docker", *command],
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


MIGRATION = r"""USER root
RUN printf '%s\n' 'from alembic import op' \
    'revision = "usage_0002"; down_revision = "usage_0001"; branch_labels = depends_on = None' \
    'def upgrade():' '    op.execute("create table of_the_migration (id int)")' \
    '    op.execute("select 1/NUMBER")' \
    > /srv/app/usage/migrations/usage_0002.py
USER 10001
"""
"""A migration that makes a table, and fails with 0."""


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on this machine with the first version released, and a provider that always answers."""
    project = tmp_path_factory.mktemp("shipped") / "project"
    run_copy(
        str(template),
        project,
        data={"project_slug": "shipped-in-a-test"},
        defaults=True,
        quiet=True,
        settings=Settings(),
    )
    found = Server(project / "deploy")
    docker("build", "--quiet", "--network", "host", "--tag", "shipped-in-a-test:1", str(project))
    docker("build", "--tag", "shipped-in-a-test:2", "-", stdin="FROM shipped-in-a-test:1\nLABEL version=2\n")
    docker("build", "--tag", "shipped-in-a-test:3", "-", stdin='FROM shipped-in-a-test:1\nCMD ["false"]\n')
    for tag, number in ((4, "0"), (5, "1")):
        migrated = MIGRATION.replace("NUMBER", number)
        docker(
            "build", "--tag", f"shipped-in-a-test:{tag}", "-", stdin=f"FROM shipped-in-a-test:1\n{migrated}"
        )
    found.do("setup", "localhost", "a@example.com")
    with (found.folder / ".env").open("a") as file:
        file.write("CADDY_GLOBAL=local_certs\n")
    (found.folder / "app.env").write_text("OPENAI_BASE_URL=http://provider:9000/v1\n")
    (found.folder / "secrets/app/OPENAI_API_KEY").write_text("sk-test-'\"$ \\ #")
    try:
        found.do("release", "shipped-in-a-test:1")
        provider = f"{ROOT / 'tests' / 'deployed' / 'provider.py'}:/provider.py:ro"
        network = ["--network", "shipped-in-a-test_egress", "--network-alias", "provider"]
        docker("run", "--detach", "--name", "shipped-in-a-test-provider", *network, "--volume", provider,
               "shipped-in-a-test:1", "python", "/provider.py")  # fmt: skip
        created = found.do(
            "compose", "exec", "-T", "api", "app", "keys", "create", "test", "--scope", "runs:write",
            "--scope", "runs:read", "--rate-limit", "1000000", "--json",
        )  # fmt: skip
        found.key = json.loads(created[created.index("{") : created.rindex("}") + 1])["key"]
        found.trust_caddy()
        yield found
    finally:
        others = ["shipped-in-a-test-provider", "shipped-in-a-test-previous"]
        subprocess.run(["docker", "rm", "--force", *others], check=False)
        found.do("compose", "down", "--volumes", "--timeout", "5")


def test_an_event_is_answered_over_https(server: Server) -> None:
    run = server.start_run()

    assert server.wait_for(run)["output"]["summary"] == "It took a moment."
    assert "succeeded" in server.ask(f"/v1/runs/{run}/events")


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json"])
def test_what_is_for_operators_is_not_there_for_others(path: str, server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        server.ask(path)

    raised.value.close()
    assert raised.value.code == 404


def test_all_that_should_be_measured_is_but_the_site(server: Server) -> None:
    """`https://localhost` leads the container that asks to itself."""
    command = ("compose", "exec", "-T", "prometheus", "promtool", "query", "instant", "http://localhost:9090")
    jobs = {"alertmanager", "api", "broker", "postgres", "prometheus", "server"}

    for _ in range(60):
        said = server.do(*command, 'up{job!="site"} == 1')
        if jobs == set(re.findall(r'job="(\w+)"', said)):
            break
        time.sleep(1)

    assert jobs == set(re.findall(r'job="(\w+)"', said))
    assert "probe_success" in server.do(*command, "probe_success == 0")
    assert 'job="postgres"' in server.do(*command, "pg_up == 1")


def test_who_asks_the_database_for_numbers_reads_no_table(server: Server) -> None:
    assert server.sql("select rolsuper from pg_roles where rolname = 'exporter'") == "f"
    assert server.sql("select has_table_privilege('exporter', 'runs', 'select')") == "f"


def test_no_secret_can_be_seen_from_outside_the_containers(server: Server) -> None:
    containers = docker("ps", "--quiet", "--filter", "label=com.docker.compose.project=shipped-in-a-test")
    seen = docker("inspect", *containers.split()) + server.do("compose", "logs")

    assert [name for name, value in secrets_of(server.folder).items() if value in seen] == []


def test_the_image_runs_as_any_user_and_builds_nothing(server: Server) -> None:
    options = ["run", "--rm", "--user", "4242:4242", "--read-only", "--tmpfs", "/tmp"]  # noqa: S108

    features = docker(*options, "shipped-in-a-test:1", "app", "features")
    tools = docker(*options, "shipped-in-a-test:1", "sh", "-c", "command -v cc gcc make uv git || true")

    assert "monitoring" in features
    assert tools == ""


def test_a_release_under_load_loses_no_request_and_no_run(server: Server) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=server.load, args=(stop,)) for _ in range(3)]
    for thread in threads:
        thread.start()

    server.do("release", "shipped-in-a-test:2")

    stop.set()
    for thread in threads:
        thread.join()
    assert server.statuses == {"accepted": len(server.accepted)}
    assert len(server.accepted) > 50
    assert {server.wait_for(run)["status"] for run in server.accepted} == {"succeeded"}


def test_a_secret_that_has_changed_reaches_every_process(server: Server) -> None:
    (server.folder / "secrets/app/OPENAI_API_KEY").write_text("sk-another-test")

    server.do("release", "shipped-in-a-test:2")

    for service in ("api", "worker", "beat"):
        seen = server.do("compose", "exec", "-T", service, "cat", "/run/secrets/OPENAI_API_KEY")
        container = server.do("compose", "ps", "--quiet", service).split()[0]
        started = docker("inspect", "--format", "{{.State.StartedAt}}", container)
        assert seen == "sk-another-test"
        assert datetime.fromisoformat(started.strip()).timestamp() > (
            (server.folder / "secrets/app/OPENAI_API_KEY").stat().st_mtime
        )


def test_a_version_that_does_not_start_is_taken_back(server: Server) -> None:
    before = (server.folder / "state/current").read_text()

    said = server.do("release", "shipped-in-a-test:3", fails=True)

    assert "does not become ready" in said
    assert (server.folder / "state/current").read_text() == before
    assert server.wait_for(server.start_run())["status"] == "succeeded"


def test_a_migration_that_fails_half_way_changes_nothing(server: Server) -> None:
    before = (server.folder / "state/current").read_text()

    said = server.do("release", "shipped-in-a-test:4", fails=True)

    assert "the migration failed" in said
    assert (server.folder / "state/current").read_text() == before
    assert server.sql("select to_regclass('of_the_migration') is null") == "t"
    assert server.wait_for(server.start_run())["status"] == "succeeded"


def test_a_version_that_has_migrated_the_database_can_be_rolled_back(server: Server) -> None:
    server.do("release", "shipped-in-a-test:5")

    server.do("rollback")

    assert server.sql("select to_regclass('of_the_migration') is null") == "f"
    assert server.wait_for(server.start_run())["status"] == "succeeded"
    assert "is of a newer version" in server.do("release", "shipped-in-a-test:2")


def test_files_that_are_invalid_are_refused_before_anything_is_done(server: Server) -> None:
    for name in ("caddy/Caddyfile", "monitoring/alertmanager.yml", "monitoring/alerts/server.rules.yml"):
        file = server.folder / name
        right = file.read_text()
        file.write_text(f"{right}\nnonsense: {{\n")

        said = server.do("release", "shipped-in-a-test:2", fails=True)

        file.write_text(right)
        assert "is invalid" in said
        assert "Migrating" not in said


def test_a_wrong_password_of_the_database_is_found_before_anything_is_switched(server: Server) -> None:
    file = server.folder / "secrets/app/DATABASE_PASSWORD"
    right = file.read_text()
    file.write_text("wrong")

    said = server.do("release", "shipped-in-a-test:1", fails=True)

    file.write_text(right)
    assert "refuses the user or the password" in said
    assert "the migration failed" in said
    assert server.wait_for(server.start_run())["status"] == "succeeded"


def test_a_rollback_serves_the_version_before(server: Server) -> None:
    server.do("release", "shipped-in-a-test:1")
    server.do("release", "shipped-in-a-test:2")
    first = docker("image", "inspect", "--format", "{{.Id}}", "shipped-in-a-test:1").strip()

    server.do("rollback")

    running = server.do("compose", "ps", "--quiet", "api", "worker", "beat").split()
    assert set(docker("inspect", "--format", "{{.Image}}", *running).split()) == {first}
    assert server.wait_for(server.start_run())["status"] == "succeeded"


@pytest.mark.parametrize("service", ["worker", "beat", "valkey", "postgres", "caddy"])
def test_a_container_that_dies_comes_back(service: str, server: Server) -> None:
    (container,) = server.do("compose", "ps", "--quiet", service).split()
    pid = docker("inspect", "--format", "{{.State.Pid}}", container).strip()

    os.kill(int(pid), 9)

    for _ in range(120):
        try:
            assert server.wait_for(server.start_run())["status"] == "succeeded"
            break
        except OSError:
            time.sleep(1)
    assert docker("inspect", "--format", "{{.RestartCount}}", container).strip() == "1"


def test_a_backup_that_cannot_be_made_is_none(server: Server) -> None:
    command = ("compose", "exec", "-T", "-e", "PGHOST=nowhere", "backup", "backup")

    assert "Saved" not in server.do(*command, "now", fails=True)


DAMAGE = """
file=$(ls -S $(find /backups/data -type f) | head -n 1)
chmod u+w "$file"
printf xxxx | dd of="$file" bs=1 seek=99 conv=notrunc
"""


def test_a_backup_that_is_damaged_is_not_restored(server: Server) -> None:
    run = server.start_run()
    server.wait_for(run)
    command = ("compose", "exec", "-T", "backup")
    server.do(*command, "backup", "now")
    server.do(*command, "bash", "-c", "mkdir /backups/kept && cp -r /backups/data /backups/kept")
    server.do(*command, "bash", "-c", DAMAGE)

    said = server.do("restore", fails=True)

    server.do(*command, "bash", "-c", "cp -rf /backups/kept/data/. /backups/data && rm -rf /backups/kept")
    assert "nothing was changed" in said or "cannot be read" in said
    assert server.wait_for(run)["status"] == "succeeded"


def test_without_a_backup_nothing_is_restored(server: Server) -> None:
    assert "there is no backup" in server.do("restore", "deadbeef", fails=True)
    assert server.wait_for(server.start_run())["status"] == "succeeded"


def test_a_backup_is_restored_and_compared(server: Server) -> None:
    run = server.start_run()
    server.wait_for(run)
    server.do("compose", "exec", "-T", "backup", "backup", "now")
    facts = server.do("compose", "exec", "-T", "backup", "cat", "/facts/backup.prom")
    server.sql("delete from run_steps; delete from run_events; delete from runs")

    said = server.do("restore")

    assert time.time() - float(facts.split()[1]) < 60
    assert "and the rows of each" in said
    assert json.loads(server.ask(f"/v1/runs/{run}"))["status"] == "succeeded"
    again = server.do("restore", fails=True)
    assert "app_before is there from an earlier restore" in again
    assert server.wait_for(server.start_run())["status"] == "succeeded"
