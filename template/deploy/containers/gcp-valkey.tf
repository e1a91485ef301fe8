# Memorystore, which speaks the protocol of Valkey. Only the network reaches it; what it loses is sent again, because
# runs are in PostgreSQL.

resource "google_redis_instance" "app" {
  name               = var.name
  region             = var.region
  tier               = "BASIC"
  memory_size_gb     = 1
  redis_version      = "REDIS_7_2"
  connect_mode       = "PRIVATE_SERVICE_ACCESS"
  authorized_network = google_compute_network.app.id
  redis_configs      = { maxmemory-policy = "noeviction" }

  depends_on = [google_service_networking_connection.services]
}

locals {
  broker_url     = "redis://${google_redis_instance.app.host}:${google_redis_instance.app.port}/0"
  broker_secrets = []
}
