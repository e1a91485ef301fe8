"""A cluster: what Kustomize makes of the files, and what `release` does with what the cluster answers.

There is no cluster here: what it is told is held against the schemas of Kubernetes, and a `kubectl` that
notes what it is asked stands for the one of a cluster.
"""

import copy
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.composition import template as composed
from tests.questionnaire import TEMPLATE
from tests.test_shipping import fake

FOLDER = TEMPLATE / "deploy" / "kubernetes"
OF_OPERATORS = {"ScaledObject", "TriggerAuthentication", "PodMonitor"}
"""Kinds that KEDA and the Prometheus Operator bring: Kubernetes itself has no schema for them."""
VERSIONS = composed().versions("deploy/kubernetes/kustomization.yaml")

Documents = list[dict[str, Any]]


@pytest.fixture(scope="module", params=range(len(VERSIONS)))
def documents(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """What a cluster is told, for each combination."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed: apt-get install kubernetes-client")
    folder = tmp_path_factory.mktemp("cluster") / "kubernetes"
    shutil.copytree(FOLDER, folder)
    (folder / "kustomization.yaml").write_bytes(VERSIONS[request.param])
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def named(documents: Documents, kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == kind}


def pods(documents: Documents) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the templates of pods, with the name of what makes them."""
    for each in documents:
        if "template" in each.get("spec", {}):
            yield each["metadata"]["name"], each["spec"]["template"]


def test_kubernetes_knows_every_field(documents: Documents) -> None:
    kinds = [each["kind"] for each in documents]

    for each in documents:
        if each["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
    assert {"Deployment", "Job", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "StatefulSet"} <= {*kinds}


def test_a_field_that_is_wrong_is_found(documents: Documents) -> None:
    document = copy.deepcopy(named(documents, "Deployment")["api"])
    document["spec"]["replicas"] = "two"

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_every_pod_has_few_rights_and_limits(documents: Documents) -> None:
    for name, pod in pods(documents):
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        for container in pod["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["limits"]["memory"], name
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes(documents, name)


def volumes(documents: Documents, name: str) -> set[str]:
    """Return the names of the volumes that the pods of something have."""
    makers = [each for each in documents if "template" in each.get("spec", {})]
    (found,) = (each for each in makers if each["metadata"]["name"] == name)
    claims = found["spec"].get("volumeClaimTemplates", [])
    inside = found["spec"]["template"]["spec"].get("volumes", [])
    return {each["metadata"]["name"] for each in claims} | {each["name"] for each in inside}


def test_no_secret_is_in_an_environment_or_in_what_is_applied(documents: Documents) -> None:
    assert named(documents, "Secret") == {}
    for name, pod in pods(documents):
        for container in pod["spec"]["containers"]:
            assert "secretKeyRef" not in str(container), name
            names = [variable["name"] for variable in container.get("env", [])]
            assert not [n for n in names if re.search(r"PASSWORD|SECRET|TOKEN|API_KEY$", n)], name


def test_of_a_pod_one_container_counts(documents: Documents) -> None:
    """A file of numbers is named after host and process, which are the same in all containers of a pod."""
    for name, pod in pods(documents):
        environments = [
            {variable["name"]: variable["value"] for variable in container.get("env", [])}
            for container in pod["spec"]["containers"]
        ]
        measured = [each for each in environments if "METRICS_FOLDER" in each]
        assert len(measured) in {0, len(environments)}, name
        assert sum(each.get("METRICS_ENABLED") != "false" for each in measured) <= 1, name


def test_selectors_find_pods(documents: Documents) -> None:
    labels = [pod["metadata"]["labels"] for _, pod in pods(documents)]
    labels.append({"acme.cert-manager.io/http01-solver": "true"})  # cert-manager makes it
    selectors = [
        each["spec"].get("selector") or each["spec"].get("podSelector")
        for each in documents
        if each["kind"] in {"Service", "PodDisruptionBudget", "NetworkPolicy", "PodMonitor", "Deployment"}
    ]

    for selector in filter(None, selectors):
        wanted = selector.get("matchLabels", selector)
        assert any(wanted.items() <= found.items() for found in labels), selector


def test_a_pod_that_serves_is_replaced_only_by_one_that_is_ready(documents: Documents) -> None:
    api = named(documents, "Deployment")["api"]["spec"]
    container = api["template"]["spec"]["containers"][0]
    stopping = int(container["lifecycle"]["preStop"]["exec"]["command"][1])

    assert api["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert api["template"]["spec"]["terminationGracePeriodSeconds"] > stopping + 20  # API_SHUTDOWN_SECONDS
    assert named(documents, "HorizontalPodAutoscaler")["api"]["spec"]["minReplicas"] == 2


def test_operators_pages_are_not_open_to_the_outside(documents: Documents) -> None:
    rule = named(documents, "Ingress")["api"]["spec"]["rules"][0]

    assert {path["path"] for path in rule["http"]["paths"]} == {"/v1", "/mcp", "/health"}
    assert named(documents, "Ingress")["api"]["spec"]["tls"][0]["hosts"] == [rule["host"]]


def test_brokers_and_stores_are_reached_by_the_application_alone(documents: Documents) -> None:
    policies = {name: each["spec"] for name, each in named(documents, "NetworkPolicy").items()}

    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    outwards = policies["application"]["egress"][1]["to"]
    assert outwards[1]["ipBlock"]["except"] == ["169.254.0.0/16", "168.63.129.16/32"]
    assert policies["service"]["ingress"] == [
        {"from": [{"podSelector": {"matchLabels": {"part": "application"}}}]}
    ]
    parts = {name: pod["metadata"]["labels"]["part"] for name, pod in pods(documents)}
    assert parts.items() >= {"api": "application", "worker": "application", "migrate": "application"}.items()
    assert {parts[name] for name in named(documents, "StatefulSet")} == {"service"}


# ---- release


FAKE_KUBECTL = r"""
printf '%s\n' "kubectl $*" >>"$LOG"
case "$*" in
  *"kustomize ."*) exec "$KUBECTL" kustomize . ;;
  *"get secret app"*go-template*) printf '%s\n' $KEYS ;;
  *"get secret app"*) echo 42 ;;
  *"get deployment"*) echo "$REVISION" ;;
  *"get job migrate"*) echo "$MIGRATION" ;;
  *"apply --dry-run=server"*) cat "$4" >"$LOG.applied" ;;
  *"rollout status"*) [[ $* != *"$BROKEN"* ]] ;;
  *"apply --filename -"*) cat >>"$LOG.rules" ;;
esac
"""


class Cluster:
    """A project's folder, and what `kubectl` was asked."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log

    def release(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "release", *arguments], capture_output=True, text=True, check=False
        )

    @property
    def asked(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


IMAGE = "registry.example.com/team/app@sha256:" + "a" * 64


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster in which everything works."""
    real = shutil.which("kubectl")
    if not real:
        pytest.skip("kubectl is not installed: apt-get install kubernetes-client")
    folder = tmp_path / "deploy" / "kubernetes"
    shutil.copytree(FOLDER, folder)
    shutil.copytree(FOLDER.parent / "monitoring", tmp_path / "deploy" / "monitoring")
    measured = next(text for text in VERSIONS if b"- metrics" in text and b"example-bucket" not in text)
    (folder / "kustomization.yaml").write_bytes(measured)
    fake(tmp_path / "bin", "kubectl", FAKE_KUBECTL)
    for name, value in {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "KUBECTL": real,
        "KEYS": "DATABASE_URL BROKER_PASSWORD",
        "MIGRATION": "Complete",
        "REVISION": "True 7",
        "BROKEN": "nothing",
        "POLL_SECONDS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    return Cluster(folder, tmp_path / "log")


def test_a_release_migrates_first_and_waits_for_every_deployment(cluster: Cluster) -> None:
    done = cluster.release(IMAGE)

    assert done.returncode == 0, done.stderr
    order = ["--selector part!=application", "get job migrate", "rollout status deployment/api"]
    places = [cluster.asked.index(part) for part in order]
    assert places == sorted(places)
    assert cluster.asked.count("rollout status") == 3
    assert "undo" not in cluster.asked
    applied = list(yaml.safe_load_all(Path(f"{cluster.log}.applied").read_text()))
    images = {
        container["image"]
        for name, pod in pods(applied)
        for container in pod["spec"]["containers"]
        if pod["metadata"]["labels"]["part"] == "application"
    }
    assert images == {IMAGE}
    assert named(applied, "Deployment")["api"]["spec"]["template"]["metadata"]["annotations"] == {
        "secrets": "42"
    }


@pytest.mark.parametrize(
    "image", ["my_app:1", "localhost:5000/app:v1.2", f"ghcr.io/me/my-app:v1@sha256:{'b' * 64}"]
)
def test_whatever_names_an_image_can_be_released(image: str, cluster: Cluster) -> None:
    done = cluster.release(image)

    assert done.returncode == 0, done.stderr
    assert f"image: {image}\n" in Path(f"{cluster.log}.applied").read_text()


def test_the_alerts_of_the_application_become_rules_of_the_cluster(cluster: Cluster) -> None:
    cluster.release(IMAGE)

    text = Path(f"{cluster.log}.rules").read_text().replace("apiVersion", "---\napiVersion")
    rules = [each for each in yaml.safe_load_all(text) if each]
    assert [each["kind"] for each in rules] == ["PrometheusRule"] * 2
    assert {group["name"] for each in rules for group in each["spec"]["groups"]} == {
        "application",
        "objectives",
    }


@pytest.mark.parametrize("broken", ["api", "worker"])
def test_a_version_that_does_not_become_ready_is_taken_back(
    broken: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", f"deployment/{broken}")

    done = cluster.release(IMAGE)

    assert done.returncode == 1
    assert f"{broken} does not become ready: the version before was brought back" in done.stderr
    assert cluster.asked.count("--to-revision 7") == 3
    assert f"logs --selector app={broken}" in cluster.asked


@pytest.mark.parametrize("revision", ["", "False 1"])
def test_where_no_version_serves_none_is_brought_back(
    revision: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "deployment/api")
    monkeypatch.setenv("REVISION", revision)

    done = cluster.release(IMAGE)

    assert "there is no version before this one" in done.stderr
    assert "undo" not in cluster.asked


def test_a_migration_that_fails_changes_nothing(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATION", "Failed")

    done = cluster.release(IMAGE)

    assert "the migration failed" in done.stderr
    assert "rollout status" not in cluster.asked


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "usage: ./release IMAGE"),
        (["app"], "app is not an image with a tag or a digest"),
        (["app:1|e id"], "is not an image"),
        (["registry.example.com:5000/app"], "is not an image"),
    ],
)
def test_a_release_of_what_is_no_image_asks_the_cluster_nothing(
    arguments: list[str], problem: str, cluster: Cluster
) -> None:
    done = cluster.release(*arguments)

    assert done.returncode == 1
    assert problem in done.stderr
    assert cluster.asked == ""


def test_a_secret_that_is_missing_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS", "DATABASE_URL")

    done = cluster.release(IMAGE)

    assert done.stderr == "Error: the Secret app lacks BROKER_PASSWORD\n"
    assert "Migrating" not in done.stdout
