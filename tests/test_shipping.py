"""The stage that ships: what holds of its files in all combinations, and (marker `docker`) a running server.

The second half needs a Docker engine, Compose, and the images that the files name. It builds the image of the
default project, serves it behind Caddy with Caddy's own authority, and takes the ports 80 and 443.
"""

import json
import os
import re
import shutil
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
import yaml
from copier import Settings, run_copy

from tests.composition import template as composed
from tests.conftest import git
from tests.questionnaire import ROOT, TEMPLATE

DEPLOY = TEMPLATE / "deploy"
MONITORING = DEPLOY / "monitoring"
RULES = sorted((MONITORING / "alerts").glob("*.rules.yml"))
RECEIVERS = ["email_configs", "slack_configs", "webhook_configs"]
FILES = [path for folder in (DEPLOY, TEMPLATE / ".github") for path in sorted(folder.rglob("*"))]
SCRIPTS = [path for path in FILES if path.is_file() and path.read_bytes()[:2] == b"#!"]


def productions() -> Iterator[dict[str, Any]]:
    """Return what Compose makes of the files, for every combination."""
    for text in composed().versions("deploy/compose.yaml"):
        document = yaml.safe_load(text)
        if "METRICS_FOLDER" in document["x-app"]["environment"]:
            added = yaml.safe_load((DEPLOY / "compose.monitoring.yaml").read_text(encoding="utf-8"))
            for name in ("caddy", "backup"):
                document["services"][name]["volumes"] += added["services"].pop(name)["volumes"]
            for part in ("services", "networks", "volumes"):
                document[part] |= added[part]
        yield document


PRODUCTION = list(productions())

each_production = pytest.mark.parametrize("document", PRODUCTION)


@each_production
def test_only_caddy_can_be_reached(document: dict[str, Any]) -> None:
    services = document["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert document["networks"]["data"] == {"internal": True}
    assert services["caddy"]["networks"] == ["edge"]


@each_production
def test_every_service_has_few_rights_and_limits(document: dict[str, Any]) -> None:
    for name, service in document["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] or name == "rabbitmq"
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")


@each_production
def test_no_secret_is_in_the_environment_and_no_name_stops_a_second_container(
    document: dict[str, Any],
) -> None:
    for name, service in document["services"].items():
        said = json.dumps([service.get("environment", {}), service.get("command"), service.get("entrypoint")])
        assert not re.search(r"\$\{\w*(PASSWORD|KEY|SECRET|TOKEN)", said), name
        assert "container_name" not in service
        assert not service.get("image", "").endswith(":latest")


@each_production
def test_every_volume_and_network_is_used(document: dict[str, Any]) -> None:
    services = document["services"].values()

    mounted = {v.split(":")[0] for s in services for v in s.get("volumes", []) if v[0] not in "./"}
    assert mounted == set(document["volumes"])
    assert {name for s in services for name in s["networks"]} == set(document["networks"])


def test_shellcheck_finds_nothing() -> None:
    scripts = [str(path) for path in (*SCRIPTS, DEPLOY / "common.sh")]
    done = subprocess.run(
        ["shellcheck", "--external-sources", "--source-path", str(DEPLOY), *scripts],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(SCRIPTS) == 9
    assert done.returncode == 0, done.stdout


def checked(*command: str | Path, package: str, cwd: Path = MONITORING) -> str:
    """Return what a program of Prometheus says of our files. Fails if it finds something."""
    if not shutil.which(str(command[0])):
        pytest.skip(f"{command[0]} is not installed: apt-get install {package}")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts() -> list[str]:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULES]
    rules = [rule for document in documents for group in document["groups"] for rule in group["rules"]]
    return [rule["alert"] for rule in rules if "alert" in rule]


def test_promtool_accepts_configuration_and_rules() -> None:
    configuration = ["promtool", "check", "config", "--syntax-only", "prometheus.yml"]

    assert "is valid" in checked(*configuration, package="prometheus")
    assert checked("promtool", "check", "rules", *RULES, package="prometheus").count("SUCCESS") == len(RULES)


def test_every_alert_fires_in_its_test_and_is_silent_when_all_is_well() -> None:
    document = yaml.safe_load((MONITORING / "alerts" / "alerts.test.yml").read_text(encoding="utf-8"))
    checks = [check for test in document["tests"] for check in test["alert_rule_test"]]
    firing = {check["alertname"] for check in checks if check.get("exp_alerts")}
    silent = {check["alertname"] for check in checks if not check.get("exp_alerts")}

    assert firing == silent == set(alerts())
    checked("promtool", "test", "rules", "alerts/alerts.test.yml", package="prometheus")


def test_alerts_that_never_fire_are_found_by_their_tests(tmp_path: Path) -> None:
    shutil.copytree(MONITORING / "alerts", tmp_path / "alerts")
    for path in (tmp_path / "alerts").glob("*.rules.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for rule in document["groups"][0]["rules"]:
            rule["expr"] = f"({rule['expr']}) and on() vector(0) == 1" if "alert" in rule else rule["expr"]
        path.write_text(yaml.safe_dump(document), encoding="utf-8")

    with pytest.raises(AssertionError) as raised:
        checked("promtool", "test", "rules", "alerts.test.yml", package="prometheus", cwd=tmp_path / "alerts")

    assert {alert for alert in alerts() if f"alertname: {alert}," not in str(raised.value)} == set()


@pytest.mark.parametrize("receiver", [*RECEIVERS, "nobody"])
def test_amtool_accepts_each_receiver(receiver: str, tmp_path: Path) -> None:
    text = (MONITORING / "alertmanager.yml").read_text(encoding="utf-8")
    block = re.search(rf"( +)# {receiver}:\n(?:\1#.*\n)*", text)
    if block:
        text = text.replace(block[0], block[0].replace("# ", "", block[0].count("\n")))
    # amtool before 0.26, such as Debian 12's, knows no file for the address of a webhook
    text = text.replace("url_file: /run/secrets/WEBHOOK_URL", "url: https://example.com")
    (tmp_path / "alertmanager.yml").write_text(text, encoding="utf-8")

    said = checked("amtool", "check-config", tmp_path / "alertmanager.yml", package="prometheus-alertmanager")

    assert bool(block) == (receiver != "nobody")
    assert receiver == "nobody" or receiver in yaml.safe_load(text)["receivers"][0]
    assert "1 receivers" in said


def test_promtool_can_read_every_query_of_the_dashboards(tmp_path: Path) -> None:
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in MONITORING.glob("grafana/*/*.json")]
    queries = [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]
    rules = [{"record": f"q:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}), encoding="utf-8")

    said = checked("promtool", "check", "rules", file, package="prometheus")

    assert f"{len(queries)} rules found" in said
    assert len(queries) > 20


def test_commands_can_be_run() -> None:
    assert [path.name for path in SCRIPTS if not os.access(path, os.X_OK)] == []


def test_caddy_accepts_its_file() -> None:
    environment = {"DOMAIN": "api.example.com", "CONTACT_EMAIL": "a@example.com", "CADDY_GLOBAL": ""}
    done = subprocess.run(
        ["caddyserver", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")],
        env={**os.environ, **environment, "ADMIN_NETWORKS": "127.0.0.1/32 10.0.0.0/8"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "auto_https" not in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "usage: ./setup DOMAIN EMAIL"),
        (["http://api.example.com", "a@example.com"], "is not a domain name"),
        (["API.example.com", "a@example.com"], "is not a domain name"),
        (["api.example.com", "nobody"], "is not an e-mail address"),
    ],
)
def test_a_setup_that_is_wrong_writes_nothing(arguments: list[str], problem: str, tmp_path: Path) -> None:
    folder = deployable(tmp_path)
    before = sorted(folder.rglob("*"))

    done = subprocess.run(
        [folder / "setup", *arguments], capture_output=True, text=True, check=False, cwd=folder
    )

    assert done.returncode == 1
    assert problem in done.stderr
    assert sorted(folder.rglob("*")) == before


def test_a_setup_makes_secrets_once_that_nobody_else_can_read(tmp_path: Path) -> None:
    folder = deployable(tmp_path)
    command = [folder / "setup", "api.example.com", "a@example.com"]

    subprocess.run(command, check=True, capture_output=True)
    first = secrets_of(folder)
    subprocess.run(command, check=True, capture_output=True)

    assert secrets_of(folder) == first
    assert first.keys() == {"BROKER_PASSWORD", "DATABASE_PASSWORD", "GRAFANA_PASSWORD", "RESTIC_PASSWORD"}
    assert min(map(len, first.values())) >= 40
    assert (folder / "secrets").stat().st_mode & 0o077 == 0


def test_a_setup_for_another_domain_says_where_it_stands(tmp_path: Path) -> None:
    folder = deployable(tmp_path)
    subprocess.run([folder / "setup", "api.example.com", "a@example.com"], check=True, capture_output=True)

    done = subprocess.run(
        [folder / "setup", "www.example.com", "a@example.com"], capture_output=True, text=True, check=False
    )

    assert done.stderr == "Error: .env has another DOMAIN: change it there\n"


def test_a_release_before_the_setup_says_what_to_do(tmp_path: Path) -> None:
    folder = deployable(tmp_path)

    done = subprocess.run([folder / "release", "my-app:1"], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "Error: this folder is not set up: run ./setup DOMAIN EMAIL\n"


FAKE_SSH = """#!/bin/bash
while [[ $1 == -* ]]; do shift 2; done
printf '%s\\n' "$*" >>"$LOG"
case $* in
  *DOMAIN*) echo api.example.com ;;
  *tar*) tar --list >>"$LOG" ;;
esac
"""


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project in Git, with an `ssh` and a `curl` that only note what they are asked."""
    folder = deployable(tmp_path)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "KEY").write_text("secret")
    (tmp_path / "bin").mkdir()
    for name, text in (("ssh", FAKE_SSH), ("curl", '#!/bin/bash\nexit "$ANSWER"\n')):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "deploy")
    git(tmp_path, "commit", "--quiet", "--message", "mine")
    return folder


@pytest.mark.parametrize("answers", [True, False])
def test_a_release_from_elsewhere_is_taken_back_if_the_site_does_not_answer(
    answers: bool, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWER", "0" if answers else "22")

    command = [remote / "remote", "deploy@api.example.com", "ghcr.io/me/app@sha256:12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    asked = (remote.parent / "log").read_text().splitlines()
    assert "deploy@api.example.com deploy/release ghcr.io/me/app@sha256:12" in asked
    assert {"compose.yaml", "release", "monitoring/prometheus.yml"} <= set(asked)
    assert not [line for line in asked if "secrets" in line]
    assert ("deploy@api.example.com deploy/rollback" in asked, done.returncode == 0) == (not answers, answers)
    assert answers or "the version before was brought back" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["deploy@host"], "usage: ./remote USER@HOST IMAGE"),
        (["-oProxyCommand=x", "app:1"], "is not a server"),
        (["deploy@host", "app:1; reboot"], "is not the name of an image"),
    ],
)
def test_a_release_from_elsewhere_refuses_what_is_no_name(
    arguments: list[str], problem: str, remote: Path
) -> None:
    done = subprocess.run([remote / "remote", *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert problem in done.stderr
    assert not (remote.parent / "log").exists()


def deployable(folder: Path) -> Path:
    """Return the folder `deploy` of a project."""
    shutil.copytree(DEPLOY, folder / "deploy", ignore=shutil.ignore_patterns("*.jinja"))
    (folder / "deploy" / "compose.yaml").write_bytes(
        next(text for text in composed().versions("deploy/compose.yaml") if b"valkey:" in text)
    )
    return folder / "deploy"


def secrets_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "secrets").rglob("*") if path.is_file()}


# ---- a server that is really run


def images() -> list[str]:
    """Return the images that the server of the default project needs, besides its own."""
    services = productions_with("postgres", "valkey-exporter")[0]["services"].values()
    return sorted(
        {service["image"] for service in services if "build" not in service and "$" not in service["image"]}
    )


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
        subprocess.run(["docker", "rm", "--force", "shipped-in-a-test-provider"], check=False)
        found.do("compose", "down", "--volumes", "--timeout", "5")


@pytest.mark.docker
def test_an_event_is_answered_over_https(server: Server) -> None:
    run = server.start_run()

    assert server.wait_for(run)["output"]["summary"] == "It took a moment."
    assert "succeeded" in server.ask(f"/v1/runs/{run}/events")


@pytest.mark.docker
@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json"])
def test_what_is_for_operators_is_not_there_for_others(path: str, server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        server.ask(path)

    raised.value.close()
    assert raised.value.code == 404


@pytest.mark.docker
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


@pytest.mark.docker
def test_no_secret_can_be_seen_from_outside_the_containers(server: Server) -> None:
    containers = docker("ps", "--quiet", "--filter", "label=com.docker.compose.project=shipped-in-a-test")
    seen = docker("inspect", *containers.split()) + server.do("compose", "logs")

    assert [name for name, value in secrets_of(server.folder).items() if value in seen] == []


@pytest.mark.docker
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


@pytest.mark.docker
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


@pytest.mark.docker
def test_a_version_that_does_not_start_is_taken_back(server: Server) -> None:
    before = (server.folder / "state/current").read_text()

    said = server.do("release", "shipped-in-a-test:3", fails=True)

    assert "does not become ready" in said
    assert (server.folder / "state/current").read_text() == before
    assert server.wait_for(server.start_run())["status"] == "succeeded"


@pytest.mark.docker
def test_a_rollback_serves_the_version_before(server: Server) -> None:
    server.do("release", "shipped-in-a-test:1")
    server.do("release", "shipped-in-a-test:2")
    first = docker("image", "inspect", "--format", "{{.Id}}", "shipped-in-a-test:1").strip()

    server.do("rollback")

    running = server.do("compose", "ps", "--quiet", "api", "worker", "beat").split()
    assert set(docker("inspect", "--format", "{{.Image}}", *running).split()) == {first}
    assert server.wait_for(server.start_run())["status"] == "succeeded"


@pytest.mark.docker
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


@pytest.mark.docker
def test_a_backup_that_cannot_be_made_is_none(server: Server) -> None:
    command = ("compose", "exec", "-T", "-e", "PGHOST=nowhere", "backup", "backup")

    assert "Saved" not in server.do(*command, "now", fails=True)


@pytest.mark.docker
def test_without_a_backup_nothing_is_restored(server: Server) -> None:
    assert "there is no backup" in server.do("restore", "deadbeef", fails=True)
    assert server.wait_for(server.start_run())["status"] == "succeeded"


@pytest.mark.docker
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
