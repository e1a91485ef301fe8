"""Servers in clouds: what Terraform and cloud-init make of the files.

AWS is really applied, against moto's stand-in for its API. The providers of the other clouds cannot be had
without their registry: arguments are compared with the classes that Pulumi generates from the same providers.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.questionnaire import QUESTIONS, TEMPLATE
from tests.terraform import class_of, faults, initialized, resources, terraform

CLOUD = TEMPLATE / "deploy" / "cloud"
CLOUDS = next(question for question in QUESTIONS if question.name == "cloud").choices
VARIABLES = {"name": "my-app", "admin_networks": ["203.0.113.7/32"]}


def test_there_is_a_file_for_every_cloud() -> None:
    assert {path.stem for path in CLOUD.glob("*.tf")} == {*CLOUDS, "common"}


def test_the_files_are_formatted() -> None:
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")

    assert terraform(CLOUD, "fmt", "-check") == ""


def test_cloud_init_accepts_its_file(tmp_path: Path) -> None:
    if not shutil.which("cloud-init"):
        pytest.skip("cloud-init is not installed: apt-get install cloud-init")
    text = (CLOUD / "cloud-init.yaml").read_text(encoding="utf-8")
    file = tmp_path / "cloud-init.yaml"
    file.write_text(
        text.replace("${jsonencode(ssh_public_key)}", '"ssh-ed25519 AAAA me: home"'), encoding="utf-8"
    )

    command = ["cloud-init", "schema", "--config-file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "${" not in file.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_.*")
@pytest.mark.parametrize("cloud", sorted(set(CLOUDS) - {"aws"}))
def test_the_provider_knows_every_argument_and_gets_those_that_it_needs(cloud: str) -> None:
    found = list(resources(CLOUD / f"{cloud}.tf"))

    assert found
    assert [fault for kind, arguments in found for fault in faults(kind, arguments, class_of(kind))] == []


@pytest.mark.parametrize(
    ("argument", "fault"),
    [
        ({"server_typ": "cx33"}, "hcloud_server: server_typ is not known"),
        ({}, "hcloud_server: server_type is missing"),
        ({"server_type": "cx33", "public_net": [{"ipv9": 1}]}, "hcloud_server.public_net: ipv9 is not known"),
    ],
)
def test_an_argument_that_is_wrong_is_found(argument: dict[str, Any], fault: str) -> None:
    assert fault in list(faults("hcloud_server", argument, class_of("hcloud_server")))


# ---- AWS, applied


@pytest.fixture
def aws(tmp_path: Path, moto: str) -> Path:
    """The folder of a project for AWS, with Terraform initialized, and a stand-in for AWS."""
    del moto
    return initialized(tmp_path / "cloud", CLOUD, "aws.tf", "common.tf", "cloud-init.yaml")


@pytest.fixture
def public_key(tmp_path: Path) -> str:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")]
    subprocess.run(command, check=True)
    return (tmp_path / "key.pub").read_text()


def test_a_server_at_aws_is_made_and_leaves_nothing(aws: Path, public_key: str) -> None:
    variables = {**VARIABLES, "ssh_public_key": public_key}

    terraform(aws, "apply", "-auto-approve", "-no-color", variables=variables)

    address = terraform(aws, "output", "-raw", "address")
    state = (aws / "terraform.tfstate").read_text()
    assert re.fullmatch(r"[\d.]+", address)
    assert not re.search(r"PRIVATE|secret_access|password\"", state)
    assert "No changes" in terraform(aws, "plan", "-no-color", variables=variables)
    terraform(aws, "destroy", "-auto-approve", "-no-color", variables=variables)
    assert terraform(aws, "state", "list") == ""


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"admin_networks": ["0.0.0.0/0"]}, "none larger than a /16"),
        ({"admin_networks": ["2001:db8::1/32"]}, "Give networks of IPv4"),
        ({"admin_networks": []}, "Give networks of IPv4"),
        ({"admin_networks": ["office"]}, "Give networks of IPv4"),
        ({"ssh_public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "This is no public key"),
    ],
)
def test_what_would_open_the_server_is_refused(
    wrong: dict[str, Any], problem: str, aws: Path, public_key: str
) -> None:
    with pytest.raises(AssertionError) as raised:
        terraform(aws, "plan", variables={**VARIABLES, "ssh_public_key": public_key, **wrong})

    assert problem in str(raised.value)
