# Container Apps, PostgreSQL Flexible Server, secrets from Key Vault. Who you are comes from the environment: `az login`,
# and ARM_SUBSCRIPTION_ID.
terraform {
  required_version = ">= 1.11" # write-only arguments: no password is in the state
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.30, < 5"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }
}

provider "azurerm" {
  features {
    key_vault {
      purge_soft_delete_on_destroy = true
    }
  }
}

variable "location" {
  description = "Where it is: https://learn.microsoft.com/azure/reliability/regions-list"
  type        = string
  default     = "germanywestcentral"
}

variable "state_container" {
  description = "The id of the container of the state (backend.tf), for releases from GitHub. Empty: none."
  type        = string
  default     = ""
}

variable "operators" {
  description = "Who writes secrets, by their object ids: az ad signed-in-user show --query id"
  type        = set(string)
}

variable "log_workspace" {
  description = "The id of a Log Analytics workspace for the logs. None: they can be seen while they are written. (Terraform would write the keys of one of its own into the state.)"
  type        = string
  default     = null
}

data "azurerm_client_config" "here" {}

locals {
  database_url = "postgresql://app@${azurerm_postgresql_flexible_server.app.fqdn}:5432/app?sslmode=require"
  # Key Vault and Container Apps want other names than the environment
  secret_names = { for name in local.secrets : name => lower(replace(name, "_", "-")) }
  variables = merge(
    { for name, value in local.environment : name => { value = value, secret = null } },
    { for name, secret in local.secret_names : name => { value = null, secret = secret } },
  )
  processes = var.image == "none" ? {} : { api = "serve", worker = "worker", beat = "beat" }
  replicas  = { api = [2, 6], worker = [var.workers, 10], beat = [1, 1] }
  # how many seconds the oldest run has been due that no worker has taken
  queue_age = "select coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0)::int from runs where status = 'queued' and due_at <= clock_timestamp()"
  # names of registries and vaults must be globally unique
  unique = substr(sha1(azurerm_resource_group.app.id), 0, 6)
}

resource "azurerm_resource_group" "app" {
  name     = var.name
  location = var.location
}

# ---- the network: PostgreSQL has a private address

resource "azurerm_virtual_network" "app" {
  name                = var.name
  resource_group_name = azurerm_resource_group.app.name
  location            = azurerm_resource_group.app.location
  address_space       = ["10.0.0.0/16"]
}

resource "azurerm_subnet" "app" {
  for_each = {
    containers = { range = "10.0.0.0/23", for = "Microsoft.App/environments", endpoints = [] }
    database   = { range = "10.0.4.0/24", for = "Microsoft.DBforPostgreSQL/flexibleServers", endpoints = ["Microsoft.Storage"] }
  }

  name                 = each.key
  resource_group_name  = azurerm_resource_group.app.name
  virtual_network_name = azurerm_virtual_network.app.name
  address_prefixes     = [each.value.range]
  service_endpoints    = each.value.endpoints

  delegation {
    name = each.key

    service_delegation {
      name    = each.value.for
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_private_dns_zone" "database" {
  name                = "${var.name}.postgres.database.azure.com"
  resource_group_name = azurerm_resource_group.app.name
}

resource "azurerm_private_dns_zone_virtual_network_link" "database" {
  name                  = "database"
  resource_group_name   = azurerm_resource_group.app.name
  private_dns_zone_name = azurerm_private_dns_zone.database.name
  virtual_network_id    = azurerm_virtual_network.app.id
}

# ---- secrets: their values are put in by you, but for the database's password, which nobody sees

resource "azurerm_key_vault" "app" {
  name                       = "${substr(var.name, 0, 18)}${local.unique}"
  resource_group_name        = azurerm_resource_group.app.name
  location                   = azurerm_resource_group.app.location
  tenant_id                  = data.azurerm_client_config.here.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  soft_delete_retention_days = 7
}

# operators write secrets, what runs reads them
resource "azurerm_role_assignment" "operators" {
  for_each = var.operators

  scope                = azurerm_key_vault.app.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = each.key
}

resource "azurerm_role_assignment" "secrets" {
  scope                = azurerm_key_vault.app.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.run.principal_id
}

ephemeral "random_password" "database" {
  length  = 40
  special = false
}

resource "azurerm_key_vault_secret" "database" {
  name             = local.secret_names["DATABASE_PASSWORD"]
  key_vault_id     = azurerm_key_vault.app.id
  value_wo         = ephemeral.random_password.database.result
  value_wo_version = 1

  depends_on = [azurerm_role_assignment.operators]
}

ephemeral "azurerm_key_vault_secret" "database" {
  name         = azurerm_key_vault_secret.database.name
  key_vault_id = azurerm_key_vault_secret.database.key_vault_id
}

# ---- PostgreSQL, with two weeks of backups to any second of them

resource "azurerm_postgresql_flexible_server" "app" {
  name                              = "${var.name}-${local.unique}"
  resource_group_name               = azurerm_resource_group.app.name
  location                          = azurerm_resource_group.app.location
  version                           = "17"
  sku_name                          = "B_Standard_B2s"
  storage_mb                        = 32768
  auto_grow_enabled                 = true
  backup_retention_days             = 14
  delegated_subnet_id               = azurerm_subnet.app["database"].id
  private_dns_zone_id               = azurerm_private_dns_zone.database.id
  public_network_access_enabled     = false
  administrator_login               = "app"
  administrator_password_wo         = ephemeral.azurerm_key_vault_secret.database.value
  administrator_password_wo_version = azurerm_key_vault_secret.database.value_wo_version

  lifecycle {
    ignore_changes = [storage_mb, zone] # it grows by itself
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.database]
}

resource "azurerm_postgresql_flexible_server_database" "app" {
  name      = "app"
  server_id = azurerm_postgresql_flexible_server.app.id
}

# extensions that may be installed: pgvector
resource "azurerm_postgresql_flexible_server_configuration" "extensions" {
  name      = "azure.extensions"
  server_id = azurerm_postgresql_flexible_server.app.id
  value     = "VECTOR"
}

resource "azurerm_management_lock" "database" {
  count = var.keep_data ? 1 : 0

  name       = "keep-data"
  scope      = azurerm_postgresql_flexible_server.app.id
  lock_level = "CanNotDelete"
}

# ---- the containers

resource "azurerm_container_registry" "app" {
  name                = "${replace(var.name, "-", "")}${local.unique}"
  resource_group_name = azurerm_resource_group.app.name
  location            = azurerm_resource_group.app.location
  sku                 = "Basic"
}

resource "azurerm_user_assigned_identity" "run" {
  name                = "${var.name}-run"
  resource_group_name = azurerm_resource_group.app.name
  location            = azurerm_resource_group.app.location
}

resource "azurerm_role_assignment" "pull" {
  scope                = azurerm_container_registry.app.id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.run.principal_id
}

resource "azurerm_container_app_environment" "app" {
  name                       = var.name
  resource_group_name        = azurerm_resource_group.app.name
  location                   = azurerm_resource_group.app.location
  infrastructure_subnet_id   = azurerm_subnet.app["containers"].id
  log_analytics_workspace_id = var.log_workspace
  logs_destination           = var.log_workspace == null ? null : "log-analytics"

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }

  lifecycle {
    # Azure fills them in, and Terraform would make all of it anew
    ignore_changes = [infrastructure_resource_group_name, workload_profile]
  }
}

resource "azurerm_container_app" "app" {
  for_each = local.processes

  name                         = "${var.name}-${each.key}"
  resource_group_name          = azurerm_resource_group.app.name
  container_app_environment_id = azurerm_container_app_environment.app.id
  workload_profile_name        = "Consumption"
  revision_mode                = "Single" # the one before serves until the new one is ready

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.run.id]
  }

  registry {
    server   = azurerm_container_registry.app.login_server
    identity = azurerm_user_assigned_identity.run.id
  }

  dynamic "secret" {
    for_each = local.secret_names
    content {
      name                = secret.value
      identity            = azurerm_user_assigned_identity.run.id
      key_vault_secret_id = "${azurerm_key_vault.app.vault_uri}secrets/${secret.value}"
    }
  }

  template {
    min_replicas                     = local.replicas[each.key][0]
    max_replicas                     = local.replicas[each.key][1]
    termination_grace_period_seconds = 60

    init_container {
      name    = "migrate"
      image   = var.image
      command = ["app", "db", "upgrade"]
      cpu     = 0.5
      memory  = "1Gi"

      dynamic "env" {
        for_each = local.variables
        content {
          name        = env.key
          value       = env.value.value
          secret_name = env.value.secret
        }
      }
    }

    container {
      name    = "app"
      image   = var.image
      command = ["app", each.value]
      cpu     = 0.5
      memory  = "1Gi"

      dynamic "env" {
        for_each = local.variables
        content {
          name        = env.key
          value       = env.value.value
          secret_name = env.value.secret
        }
      }

      dynamic "readiness_probe" {
        for_each = each.key == "api" ? ["/health/ready"] : []
        content {
          transport               = "HTTP"
          port                    = 8000
          path                    = readiness_probe.value
          interval_seconds        = 5
          timeout                 = 5
          failure_count_threshold = 30
        }
      }

      dynamic "liveness_probe" {
        for_each = each.key == "api" ? ["/health/live"] : []
        content {
          transport               = "HTTP"
          port                    = 8000
          path                    = liveness_probe.value
          initial_delay           = 30
          interval_seconds        = 10
          timeout                 = 5
          failure_count_threshold = 6
        }
      }
    }

    dynamic "http_scale_rule" {
      for_each = each.key == "api" ? [50] : []
      content {
        name                = "requests"
        concurrent_requests = http_scale_rule.value
      }
    }

    # as many workers as the age of the queue asks for: https://keda.sh/docs/latest/scalers/postgresql/
    dynamic "custom_scale_rule" {
      for_each = each.key == "worker" ? [30] : []
      content {
        name             = "queue"
        custom_rule_type = "postgresql"
        metadata = {
          host             = azurerm_postgresql_flexible_server.app.fqdn
          port             = "5432"
          userName         = "app"
          dbName           = "app"
          sslmode          = "require"
          query            = local.queue_age
          targetQueryValue = tostring(custom_scale_rule.value)
        }

        authentication {
          secret_name       = local.secret_names["DATABASE_PASSWORD"]
          trigger_parameter = "password"
        }
      }
    }
  }

  dynamic "ingress" {
    for_each = each.key == "api" ? [8000] : []
    content {
      external_enabled = true
      target_port      = ingress.value

      traffic_weight {
        latest_revision = true
        percentage      = 100
      }
    }
  }

  depends_on = [
    azurerm_key_vault_secret.database,
    azurerm_postgresql_flexible_server_configuration.extensions,
    azurerm_postgresql_flexible_server_database.app,
    azurerm_role_assignment.pull,
    azurerm_role_assignment.secrets,
  ]
}

resource "terraform_data" "released" {
  input = var.image

  depends_on = [azurerm_container_app.app]
}

output "registry" {
  description = "Where images are pushed to."
  value       = "${azurerm_container_registry.app.login_server}/app"
}

output "vault" {
  description = "Where secrets are kept."
  value       = azurerm_key_vault.app.name
}

output "dns_records" {
  description = "What must stand in the DNS, before the domain is bound (README.md)."
  value = [for name, app in azurerm_container_app.app : [
    "${var.domain} CNAME ${app.ingress[0].fqdn}",
    "asuid.${var.domain} TXT ${app.custom_domain_verification_id}",
  ] if name == "api"]
  sensitive = true
}
