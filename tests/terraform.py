"""Terraform, and what its providers accept: AWS' own is here, of the others Pulumi has the arguments."""

import inspect
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import hcl2
import pytest

MODULES = {
    "hcloud": "pulumi_hcloud",
    "digitalocean": "pulumi_digitalocean",
    "google_artifact_registry": "pulumi_gcp.artifactregistry",
    "google_cloud_run_v2": "pulumi_gcp.cloudrunv2",
    "google_compute": "pulumi_gcp.compute",
    "google_iam": "pulumi_gcp.iam",
    "google_project": "pulumi_gcp.projects",
    "google_redis": "pulumi_gcp.redis",
    "google_secret_manager": "pulumi_gcp.secretmanager",
    "google_service_account": "pulumi_gcp.serviceaccount",
    "google_service_networking": "pulumi_gcp.servicenetworking",
    "google_sql": "pulumi_gcp.sql",
    "google_storage": "pulumi_gcp.storage",
    "azurerm_container_registry": "pulumi_azure.containerservice",
    "azurerm_container": "pulumi_azure.containerapp",
    "azurerm_federated": "pulumi_azure.armmsi",
    "azurerm_key_vault": "pulumi_azure.keyvault",
    "azurerm_linux": "pulumi_azure.compute",
    "azurerm_management": "pulumi_azure.management",
    "azurerm_postgresql": "pulumi_azure.postgresql",
    "azurerm_private_dns": "pulumi_azure.privatedns",
    "azurerm_resource": "pulumi_azure.core",
    "azurerm_role": "pulumi_azure.authorization",
    "azurerm_user": "pulumi_azure.authorization",
    "azurerm": "pulumi_azure.network",
}
"""Where Pulumi has the classes of resources, by the beginning of their type; the longer one first."""
NAMES = {
    "azurerm_container_app_environment": "Environment",
    "azurerm_container_registry": "Registry",
    "azurerm_federated_identity_credential": "FederatedIdentityCredential",
    "azurerm_key_vault": "KeyVault",
    "azurerm_linux_virtual_machine": "LinuxVirtualMachine",
    "azurerm_management_lock": "Lock",
    "azurerm_resource_group": "ResourceGroup",
    "azurerm_user_assigned_identity": "UserAssignedIdentity",
    "google_compute_managed_ssl_certificate": "ManagedSslCertificate",
    "google_compute_target_http_proxy": "TargetHttpProxy",
    "google_compute_target_https_proxy": "TargetHttpsProxy",
    "google_compute_url_map": "URLMap",
    "google_iam_workload_identity_pool": "WorkloadIdentityPool",
    "google_iam_workload_identity_pool_provider": "WorkloadIdentityPoolProvider",
    "google_project_iam_member": "IAMMember",
    "google_secret_manager_secret_iam_member": "SecretIamMember",
    "google_service_account": "Account",
    "google_service_account_iam_member": "IAMMember",
    "google_storage_bucket_iam_member": "BucketIAMMember",
}
RENAMED = {"domain": "domain_names"}
"""What Pulumi calls otherwise than the provider."""
META = {"lifecycle", "for_each", "count", "dynamic", "depends_on"}
"""Arguments of Terraform itself."""
BUILT_IN = {"terraform_data"}
"""Resources of Terraform itself."""


REFERENCE = re.compile(
    r"(?<![\w.\"/])(ephemeral\.|data\.)?((?:azurerm|google|digitalocean|hcloud|aws|random|terraform)_\w+|var|local)"
    r"\.(\w+)(?:\[[^]]*\])?(?:\.([a-z_]+))?"
)


IMAGE = {
    "ami_id": "ami-0123456789abcdef0",
    "name": "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101",
    "description": "Ubuntu",
    "owner_id": "099720109477",
    "public": True,
    "virtualization_type": "hvm",
    "architecture": "x86_64",
    "state": "available",
    "image_type": "machine",
    "hypervisor": "xen",
    "root_device_name": "/dev/sda1",
    "root_device_type": "ebs",
    "sriov": "simple",
    "creation_date": "2026-11-01T00:00:00.000Z",
}
"""What Canonical offers: moto knows older ones only."""


def terraform(folder: Path, *arguments: str, variables: dict[str, Any] | None = None) -> str:
    """Run Terraform, and return what it prints. Fails with that."""
    values = {f"TF_VAR_{k}": v if isinstance(v, str) else json.dumps(v) for k, v in (variables or {}).items()}
    dropped = {"TF_CLI_CONFIG_FILE"}
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env={**{k: v for k, v in os.environ.items() if k not in dropped}, **values, "TF_IN_AUTOMATION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plugins() -> Path:
    """Return the folder with the providers of this machine. Skips the test where there is none of AWS."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    places = [
        *Path("/opt").glob("*"),
        Path("/usr/share/terraform/plugins"),
        Path.home() / ".terraform.d/plugins",
    ]
    for place in places:
        if (place / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
            return place
    pytest.skip("Terraform's provider for AWS is not on this machine")


def initialized(folder: Path, source: Path, *names: str) -> Path:
    """Copy files of Terraform into a folder, and initialize it."""
    providers = plugins()
    folder.mkdir()
    for name in names:
        shutil.copy(source / name, folder)
    terraform(folder, "init", f"-plugin-dir={providers}")
    return folder


def resources(*files: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the resources of files: type, and arguments with the nested blocks as lists."""
    for path in files:
        with path.open(encoding="utf-8") as file:
            document = hcl2.load(file)
        for resource in document.get("resource", []):
            for kind, named in resource.items():
                for arguments in named.values():
                    if kind.strip('"') not in BUILT_IN:
                        yield kind.strip('"'), arguments


def faults(where: str, arguments: dict[str, Any], class_: type[Any]) -> Iterator[str]:
    """Return what a resource or block has that its class does not know, and what it lacks."""
    parameters = dict(list(inspect.signature(class_.__init__).parameters.items())[1:])
    given = {name: value for name, value in _named(arguments) if name not in META}
    for dynamic in arguments.get("dynamic", []):
        given |= {name.strip('"'): block["content"] for name, block in _named(dynamic)}
    known = {name: next((p for p in _spellings(name) if p in parameters), None) for name in given}
    # Pulumi leaves some arguments out that are only written, and keeps the one for their version
    written = {name for name in known if name.endswith("_wo") and f"{name}_version" in parameters}
    yield from (f"{where}: {name} is not known" for name, p in known.items() if not p and name not in written)
    required = {name for name, p in parameters.items() if p.default is inspect.Parameter.empty}
    yield from (f"{where}: {name} is missing" for name in sorted(required - set(known.values())))
    for name, parameter in known.items():
        nested = re.search(r"'(\w+Args)'", str(parameters[parameter].annotation)) if parameter else None
        if nested and isinstance(given[name], list):
            of_block = getattr(import_module(class_.__module__), nested[1])
            for block in given[name]:
                yield from faults(f"{where}.{name}", block, of_block)


def _spellings(name: str) -> list[str]:
    """Return what Pulumi may call an argument: it has blocks that can be repeated in the plural."""
    spellings = [name, f"{name}s", f"{name[:-1]}ies"]
    return (
        [RENAMED[name], *spellings]
        if name in RENAMED
        else [s for s in spellings if s not in RENAMED.values()]
    )


def _named(block: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what stands in a block, without the notes of the parser."""
    return [(name, value) for name, value in block.items() if not name.startswith("__")]


def class_of(kind: str) -> type[Any]:
    """Return Pulumi's arguments of a type of resource."""
    start = next(start for start in MODULES if f"{kind}_".startswith(f"{start}_"))
    name = NAMES.get(kind) or kind.removeprefix(f"{start}_").title().replace("_", "")
    found: type[Any] = getattr(import_module(MODULES[start]), f"{name}Args")
    return found


def declared(text: str) -> set[str]:
    """Return what can be referred to: resources, data sources, ephemeral values, variables and locals."""
    blocks = re.findall(r'^(resource|data|ephemeral) "(\w+)" "(\w+)"', text, re.MULTILINE)
    prefixes = {"resource": "", "data": "data.", "ephemeral": "ephemeral."}
    found = {f"{prefixes[block]}{kind}.{name}" for block, kind, name in blocks}
    found |= {f"var.{name}" for name in re.findall(r'^variable "(\w+)"', text, re.MULTILINE)}
    for body in re.findall(r"^locals \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        found |= {f"local.{name}" for name in re.findall(r"^  (\w+) +=", body, re.MULTILINE)}
    return found
