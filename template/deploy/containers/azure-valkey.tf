# Valkey in a container beside the others: Azure's own writes its keys into the state. Only the environment reaches it,
# and what it loses is sent again, because runs are in PostgreSQL.

resource "azurerm_container_app" "valkey" {
  name                         = "valkey"
  resource_group_name          = azurerm_resource_group.app.name
  container_app_environment_id = azurerm_container_app_environment.app.id
  workload_profile_name        = "Consumption"
  revision_mode                = "Single"

  template {
    min_replicas = 1
    max_replicas = 1

    container {
      name    = "valkey"
      image   = "docker.io/valkey/valkey:8"
      command = ["valkey-server", "--save", "", "--maxmemory-policy", "noeviction", "--protected-mode", "no"]
      cpu     = 0.25
      memory  = "0.5Gi"
    }
  }

  ingress {
    transport    = "tcp"
    target_port  = 6379
    exposed_port = 6379

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }
}

locals {
  broker_url     = "redis://${azurerm_container_app.valkey.name}:6379/0"
  broker_secrets = []
}
