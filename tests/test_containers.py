"""Containers of clouds, without a server: what Terraform makes of the files, and what their commands do.

AWS is really applied, against moto's stand-in for its API, in which containers never start.
"""

import json
import os
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.questionnaire import QUESTIONS, TEMPLATE
from tests.terraform import REFERENCE, class_of, declared, faults, initialized, plugins, resources, terraform
from tests.test_shipping import fake

CONTAINERS = TEMPLATE / "deploy" / "containers"
CLOUDS = next(question for question in QUESTIONS if question.name == "cloud").choices


def test_the_files_are_formatted() -> None:
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")

    assert terraform(CONTAINERS, "fmt", "-check") == ""


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_.*")
@pytest.mark.parametrize("cloud", sorted(set(CLOUDS) - {"aws", "hetzner"}))
def test_the_provider_knows_every_argument_and_gets_those_that_it_needs(cloud: str) -> None:
    found = list(resources(*sorted(CONTAINERS.glob(f"{cloud}*.tf"))))

    assert found
    assert [fault for kind, arguments in found for fault in faults(kind, arguments, class_of(kind))] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_.*")
def test_what_only_pulumi_calls_so_is_not_known() -> None:
    arguments = {"spec": [{"name": "my-app", "domain_name": [{"name": "api.example.com"}]}]}

    found = list(faults("digitalocean_app", arguments, class_of("digitalocean_app")))

    assert found == ["digitalocean_app.spec: domain_name is not known"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_.*")
@pytest.mark.parametrize("broker", ["valkey", "rabbitmq"])
@pytest.mark.parametrize("cloud", sorted(set(CLOUDS) - {"hetzner"}))
def test_every_reference_leads_somewhere(cloud: str, broker: str) -> None:
    files = [*CONTAINERS.glob(f"{cloud}*.tf"), CONTAINERS / "common.tf", CONTAINERS / "rabbitmq.tf"]
    other = f"{cloud}-valkey.tf" if broker == "rabbitmq" else "rabbitmq.tf"
    text = "\n".join(path.read_text(encoding="utf-8") for path in files if path.name != other)
    there = declared(text)

    references = REFERENCE.findall(re.sub(r"(^|\s)#.*", "", text))

    assert len(references) > 20
    for block, kind, name, attribute in references:
        assert f"{block}{kind}.{name}" in there
        if attribute and not block and kind.startswith(("azurerm", "google", "digitalocean")):
            class_ = class_of(kind)
            resource = getattr(import_module(class_.__module__), class_.__name__.removesuffix("Args"))
            assert attribute == "id" or hasattr(resource, attribute) or hasattr(resource, f"{attribute}s"), (
                f"{kind} has no {attribute}"
            )


# ---- AWS in containers, applied


OVERRIDE = """
resource "aws_ecs_service" "app" {
  wait_for_steady_state  = false
  enable_execute_command = false

  lifecycle {
    ignore_changes = [availability_zone_rebalancing, desired_count, health_check_grace_period_seconds]
  }
}
"""
"""What the stand-in for AWS cannot do: its services never get containers."""
IMAGES = [f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/my-app:{number}" for number in (1, 2)]
SETTINGS = {
    "name": "my-app",
    "domain": "api.example.com",
    "broker_url": "amqps://app@mq.example.com:5671/app",
    "repository": "me/my-app",
    "state_bucket": "states",
    "secrets": ["OPENAI_API_KEY", "WEBHOOK_SECRET"],
    "keep_data": False,
}


@pytest.mark.parametrize("broker", ["aws-valkey.tf", "rabbitmq.tf"])
def test_terraform_accepts_containers_at_aws(broker: str, tmp_path: Path) -> None:
    names = [path.name for path in CONTAINERS.glob("aws*.tf") if path.name != "aws-valkey.tf"]
    folder = initialized(tmp_path / "containers", CONTAINERS, *names, "common.tf", broker)

    assert "The configuration is valid" in terraform(folder, "validate", "-no-color")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"image": "app"}, "Give an image of a registry with a tag or a digest"),
        ({"name": "My App"}, "Give a name of 3 to 20 lower-case letters"),
        ({"broker_url": "amqps://app:secret@mq.example.com"}, "without the password"),
        ({"broker_url": "amqp://app@mq.example.com"}, "Write amqps://"),
    ],
)
def test_what_would_not_work_in_containers_is_refused(
    wrong: dict[str, Any], problem: str, tmp_path: Path, moto: str
) -> None:
    del moto
    folder = initialized(tmp_path / "containers", CONTAINERS, "aws.tf", "common.tf", "rabbitmq.tf")

    with pytest.raises(AssertionError) as raised:
        terraform(folder, "plan", variables={**SETTINGS, "image": "none", **wrong})

    assert problem in str(raised.value)


@pytest.fixture
def containers(tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project in containers at AWS, with the settings in the environment."""
    del moto
    names = ["aws.tf", "aws-github.tf", "common.tf", "rabbitmq.tf", "release"]
    folder = initialized(tmp_path / "containers", CONTAINERS, *names)
    (folder / "moto_override.tf").write_text(OVERRIDE)
    for name, value in SETTINGS.items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TF_VAR_{name}", text)
    monkeypatch.setenv("TF_CLI_ARGS_init", f"-plugin-dir={plugins()}")
    monkeypatch.setenv("MOTO_ACM_VALIDATION_WAIT", "1")
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    fake(tmp_path / "bin", "curl", 'printf "%s\\n" "$*" >>"$LOG"; exit "$ANSWER"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "asked"))
    return folder


def release(folder: Path, image: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([folder / "release", image], capture_output=True, text=True, check=False)


def test_containers_at_aws_are_released_taken_back_and_leave_nothing(
    containers: Path, monkeypatch: pytest.MonkeyPatch, moto: str
) -> None:
    monkeypatch.setenv("ANSWER", "0")
    first = release(containers, IMAGES[0])
    assert first.returncode == 0, first.stdout + first.stderr
    assert "https://api.example.com/health/ready" in (containers.parent / "asked").read_text()

    monkeypatch.setenv("ANSWER", "22")
    second = release(containers, IMAGES[1])

    assert second.returncode == 1
    assert "does not answer: the version before was brought back" in second.stderr
    assert images_at(moto) == {IMAGES[0]}
    password = boto3.client("secretsmanager", endpoint_url=moto, region_name="eu-central-1").get_secret_value(
        SecretId="my-app/DATABASE_PASSWORD"
    )["SecretString"]
    assert len(password) == 40
    assert password not in (containers / "terraform.tfstate").read_text()
    terraform(containers, "destroy", "-auto-approve", "-no-color", variables={"image": IMAGES[0]})
    assert terraform(containers, "state", "list") == ""


def images_at(moto: str) -> set[str]:
    """Return the images of the services that run, as AWS says it."""
    ecs = boto3.client("ecs", endpoint_url=moto, region_name="eu-central-1")
    services = ecs.describe_services(cluster="my-app", services=["api", "worker", "beat"])["services"]
    found = [ecs.describe_task_definition(taskDefinition=each["taskDefinition"]) for each in services]
    assert len(found) == 3
    return {part["image"] for each in found for part in each["taskDefinition"]["containerDefinitions"]}


def test_a_release_to_containers_without_settings_says_what_is_missing(tmp_path: Path) -> None:
    shutil.copy(CONTAINERS / "release", tmp_path)

    done = release(tmp_path, IMAGES[0])

    assert done.returncode == 1
    assert done.stderr == "Error: terraform.tfvars has no domain: README.md, Start\n"


def test_the_scaler_at_azure_asks_what_the_one_of_a_cluster_asks() -> None:
    scaling = TEMPLATE / "deploy" / "kubernetes" / "worker-scaling.yaml"
    query = next(yaml.safe_load_all(scaling.read_text()))["spec"]["triggers"][0]["metadata"]["query"]

    assert f'queue_age = "{query}"' in (CONTAINERS / "azure.tf").read_text()


FAKE_TERRAFORM = """
printf '%s\\n' "terraform $*" >>"$LOG"
case $* in
  output*) echo "$BEFORE" ;;
  apply*:2) exit "$APPLIED" ;;
  plan*) printf "  # %s will be updated in-place\\\\n" "$DIFFERS" ;;
esac
"""


FAKE_SKOPEO = """
printf '%s\\n' "skopeo $*" >>"$LOG"
case $1 in
  login) cat >>"$LOG" ;;
  inspect) exit "$THERE" ;;
esac
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is set up, with programs that only note what they are asked, and do what a test says."""
    for name in ("release", "deliver"):
        shutil.copy(CONTAINERS / name, tmp_path)
    (tmp_path / "terraform.tfvars").write_text('name   = "my-app"\ndomain = "api.example.com"\n')
    fake(tmp_path / "bin", "terraform", FAKE_TERRAFORM)
    fake(tmp_path / "bin", "curl", 'exit "$ANSWER"')
    for name in ("aws", "az", "gcloud"):
        fake(tmp_path / "bin", name, f"echo token-of-{name}")
    fake(tmp_path / "bin", "skopeo", FAKE_SKOPEO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for name, value in {
        "BEFORE": IMAGES[0],
        "APPLIED": "0",
        "DIFFERS": "aws_db_instance.app",
        "ANSWER": "0",
        "THERE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    return tmp_path


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("APPLIED=2", "the cloud did not replace the containers"),
        ('DIFFERS=aws_ecs_service.app["api"]', "the cloud does not run what it was told to"),
        ('DIFFERS=azurerm_container_app.app["worker"]', "the cloud does not run what it was told to"),
        ('DIFFERS=google_cloud_run_v2_service.api["app"]', "the cloud does not run what it was told to"),
        ('DIFFERS=google_cloud_run_v2_worker_pool.app["beat"]', "the cloud does not run what it was told to"),
        ('DIFFERS=digitalocean_app.app["app"]', "the cloud does not run what it was told to"),
        ("ANSWER=2", "https://api.example.com does not answer"),
    ],
)
def test_whatever_fails_the_version_before_is_brought_back(
    fault: str, problem: str, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*fault.split("="))

    done = release(told, IMAGES[1])

    assert done.returncode == 1
    assert done.stderr.endswith(f"Error: {problem}: the version before was brought back\n")
    assert (told / "log").read_text().splitlines()[-1].endswith(f"image={IMAGES[0]}")


def test_a_change_beside_the_containers_takes_nothing_back(told: Path) -> None:
    assert release(told, IMAGES[1]).returncode == 0


@pytest.mark.parametrize("store", ["chroma:CHROMA_URL", "lancedb:LANCEDB_URI", "weaviate:WEAVIATE_URL"])
def test_a_store_of_documents_that_is_nowhere_is_named(store: str, tmp_path: Path) -> None:
    name, _, variable = store.partition(":")
    (tmp_path / "app" / "rag" / name).mkdir(parents=True)
    folder = tmp_path / "deploy" / "containers"
    folder.mkdir(parents=True)
    shutil.copy(CONTAINERS / "release", folder)
    (folder / "terraform.tfvars").write_text('domain = "api.example.com"\n')

    assert f"the settings in terraform.tfvars lack {variable}" in release(folder, IMAGES[0]).stderr


@pytest.mark.parametrize("before", ["none", "Warning: No outputs found"])
def test_a_first_release_that_fails_has_nothing_to_bring_back(
    before: str, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEFORE", before)
    monkeypatch.setenv("ANSWER", "2")

    assert "there is no version before this one" in release(told, IMAGES[1]).stderr


DIGEST = "@sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("registry", "user", "password"),
    [
        ("1.dkr.ecr.eu-central-1.amazonaws.com/my-app", "AWS", "token-of-aws"),
        ("myapp12.azurecr.io/app", "00000000-0000-0000-0000-000000000000", "token-of-az"),
        ("europe-west3-docker.pkg.dev/p/my-app/app", "oauth2accesstoken", "token-of-gcloud"),
        ("registry.digitalocean.com/me/my-app", "token", "dop"),
    ],
)
def test_an_image_of_github_is_copied_and_released_by_its_digest(
    registry: str, user: str, password: str, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY", registry)
    monkeypatch.setenv("GITHUB_TOKEN", "ghs")
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "dop")

    command = [told / "deliver", f"ghcr.io/me/my-app{DIGEST}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    log = (told / "log").read_text()
    host = registry.split("/", maxsplit=1)[0]
    assert f"skopeo login --username {user} --password-stdin {host}\n{password}\n" in log
    assert f"docker://ghcr.io/me/my-app{DIGEST} docker://{registry}:bbbbbbbbbbbb\n" in log
    assert f"-var image={registry}{DIGEST}\n" in log


def test_an_image_that_is_there_is_not_copied_again(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"REGISTRY": "x.azurecr.io/app", "GITHUB_TOKEN": "ghs", "THERE": "0"}.items():
        monkeypatch.setenv(name, value)

    subprocess.run([told / "deliver", f"ghcr.io/me/my-app{DIGEST}"], capture_output=True, check=True)

    assert "skopeo copy" not in (told / "log").read_text()


@pytest.mark.parametrize(
    ("image", "registry", "problem"),
    [
        ("ghcr.io/me/my-app:1", "x.azurecr.io/app", "usage: ./deliver ghcr.io/OWNER/NAME@sha256:…"),
        (f"ghcr.io/me/my-app{DIGEST}", "ghcr.io/me/other", "ghcr.io is no registry of AWS"),
    ],
)
def test_what_cannot_be_copied_is_not_released(
    image: str, registry: str, problem: str, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY", registry)
    monkeypatch.setenv("GITHUB_TOKEN", "ghs")

    done = subprocess.run([told / "deliver", image], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert problem in done.stderr
    assert not (told / "log").exists() or "terraform" not in (told / "log").read_text()
