"""The stage that ships: what holds of its files in all combinations, and what its commands refuse."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.composition import template as composed
from tests.conftest import git
from tests.questionnaire import TEMPLATE

DEPLOY = TEMPLATE / "deploy"
MONITORING = DEPLOY / "monitoring"
RULES = sorted((MONITORING / "alerts").glob("*.rules.yml"))
ALERTMANAGER = (MONITORING / "alertmanager.yml").read_text(encoding="utf-8")
RECEIVERS = [found[0] for found in re.finditer(r"( +)# \w+_configs:\n(?:\1# .*\n)*", ALERTMANAGER)]
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
    assert "edge" not in services["api"]["networks"]


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

    assert len(SCRIPTS) == 12
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

    assert firing == set(alerts())
    assert silent == set(alerts()) - {"Watchdog"}
    assert len(RECEIVERS) == 4
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


@pytest.mark.parametrize(
    "block", [*RECEIVERS, ""], ids=lambda block: block.strip().split("\n")[0] or "nobody"
)
def test_amtool_accepts_each_receiver(block: str, tmp_path: Path) -> None:
    text = ALERTMANAGER.replace(block, block.replace("# ", "")) if block else ALERTMANAGER
    # amtool before 0.26, such as Debian 12's, knows no file for the address of a webhook
    text = re.sub(r"\burl_file: .*", "url: https://example.com", text)
    (tmp_path / "alertmanager.yml").write_text(text, encoding="utf-8")

    said = checked("amtool", "check-config", tmp_path / "alertmanager.yml", package="prometheus-alertmanager")

    filled = [key for receiver in yaml.safe_load(text)["receivers"] for key in receiver if key != "name"]
    assert len(filled) == bool(block)
    assert "2 receivers" in said


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
        [
            "caddyserver",
            "validate",
            "--adapter",
            "caddyfile",
            "--config",
            str(DEPLOY / "caddy" / "Caddyfile"),
        ],
        env={**os.environ, **environment, "ADMIN_NETWORKS": "127.0.0.1/32 10.0.0.0/8"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "auto_https" not in (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")


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
    assert first.keys() == {
        "BROKER_PASSWORD",
        "DATABASE_PASSWORD",
        "EXPORTER_PASSWORD",
        "GRAFANA_PASSWORD",
        "RESTIC_PASSWORD",
    }
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


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A folder that is set up."""
    folder = deployable(tmp_path)
    subprocess.run([folder / "setup", "api.example.com", "a@example.com"], check=True, capture_output=True)
    return folder


def refused(folder: Path) -> str:
    """Return why a release is refused."""
    done = subprocess.run([folder / "release", "my-app:1"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr.removeprefix("Error: ")


@pytest.mark.parametrize("name", ["app/DATABASE_PASSWORD", "app/BROKER_PASSWORD", "backup/RESTIC_PASSWORD"])
def test_a_secret_that_is_empty_is_named_before_anything_is_done(name: str, ready: Path) -> None:
    (ready / "secrets" / name).write_text("")

    assert refused(ready).startswith(f"secrets/{name} is empty or missing")


def test_a_second_release_at_the_same_time_is_refused(ready: Path) -> None:
    with (ready / "state" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        assert refused(ready) == "another release, rollback or restore is at work\n"


def test_a_release_onto_a_full_disk_is_refused(
    ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path / "bin", "docker", "echo /")
    fake(tmp_path / "bin", "df", "printf 'Avail\\n  300\\n'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    assert refused(ready).startswith("the disk has 300 MB left")


def fake(folder: Path, name: str, script: str) -> None:
    """Write a program that stands for another one."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


FAKE_SSH = """
while [[ $1 == -* ]]; do shift 2; done
printf '%s\\n' "$*" >>"$LOG"
case $* in
  *DOMAIN*) echo api.example.com ;;
  *state/current*) grep -c release "$LOG" || true ;;
  *tar*) tar --list >>"$LOG" ;;
esac
"""


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project in Git, with an `ssh` and a `curl` that only note what they are asked."""
    folder = deployable(tmp_path)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "KEY").write_text("secret")
    fake(tmp_path / "bin", "ssh", FAKE_SSH)
    fake(tmp_path / "bin", "curl", 'exit "$ANSWER"')
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
