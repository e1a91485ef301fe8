# Cloud Run behind a load balancer, PostgreSQL from Cloud SQL, secrets from Secret Manager. Who you are comes from the
# environment: `gcloud auth application-default login`.
terraform {
  required_version = ">= 1.11" # write-only arguments: no password is in the state
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.5, < 8"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

variable "project" {
  description = "The id of your project at Google."
  type        = string
}

variable "region" {
  description = "Where it is: https://cloud.google.com/run/docs/locations"
  type        = string
  default     = "europe-west3"
}

variable "state_bucket" {
  description = "The bucket of the state (backend.tf), for releases from GitHub. Empty: none."
  type        = string
  default     = ""
}

locals {
  database_url = "postgresql://app@${google_sql_database_instance.app.private_ip_address}:5432/app?sslmode=require"
  variables = merge(
    { for name, value in local.environment : name => { value = value, secret = null } },
    { for name in local.secrets : name => { value = null, secret = google_secret_manager_secret.app[name].secret_id } },
  )
}

# ---- what is used of Google Cloud

resource "google_project_service" "app" {
  for_each = toset(["artifactregistry", "compute", "iam", "iamcredentials", "redis", "run", "secretmanager", "servicenetworking", "sqladmin", "sts"])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

# ---- the network: PostgreSQL and the broker have private addresses

resource "google_compute_network" "app" {
  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.app]
}

resource "google_compute_subnetwork" "app" {
  name                     = var.name
  network                  = google_compute_network.app.id
  region                   = var.region
  ip_cidr_range            = "10.0.0.0/20"
  private_ip_google_access = true
}

resource "google_compute_global_address" "services" {
  name          = "${var.name}-services"
  network       = google_compute_network.app.id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.app.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

# ---- secrets: their values are put in by you, but for the database's password, which nobody sees

resource "google_secret_manager_secret" "app" {
  for_each = local.secrets

  secret_id = "${var.name}-${each.key}"

  replication {
    auto {}
  }

  depends_on = [google_project_service.app]
}

ephemeral "random_password" "database" {
  length  = 40
  special = false
}

resource "google_secret_manager_secret_version" "database" {
  secret                 = google_secret_manager_secret.app["DATABASE_PASSWORD"].id
  secret_data_wo         = ephemeral.random_password.database.result
  secret_data_wo_version = 1
}

ephemeral "google_secret_manager_secret_version" "database" {
  secret = google_secret_manager_secret_version.database.secret
}

# ---- PostgreSQL, with two weeks of backups to any second of the last one

resource "google_sql_database_instance" "app" {
  name                = var.name
  region              = var.region
  database_version    = "POSTGRES_17"
  deletion_protection = var.keep_data

  settings {
    tier              = "db-custom-1-3840"
    edition           = "ENTERPRISE"
    disk_size         = 20
    disk_autoresize   = true
    availability_type = "ZONAL"

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.app.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true

      backup_retention_settings {
        retained_backups = 14
      }
    }
  }

  depends_on = [google_service_networking_connection.services]
}

resource "google_sql_database" "app" {
  name     = "app"
  instance = google_sql_database_instance.app.name
}

resource "google_sql_user" "app" {
  name                = "app"
  instance            = google_sql_database_instance.app.name
  password_wo         = ephemeral.google_secret_manager_secret_version.database.secret_data
  password_wo_version = google_secret_manager_secret_version.database.secret_data_wo_version
  deletion_policy     = "ABANDON" # it owns tables: it goes with the instance
}

# ---- the containers

resource "google_artifact_registry_repository" "app" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.app]
}

# What runs may read its secrets, and nothing else.
resource "google_service_account" "run" {
  account_id = "${var.name}-run"

  depends_on = [google_project_service.app]
}

resource "google_secret_manager_secret_iam_member" "run" {
  for_each = google_secret_manager_secret.app

  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.run.member
}

# Commands of yours, such as `keys create`: README.md.
resource "google_cloud_run_v2_job" "command" {
  for_each = local.runs

  name                = "${var.name}-command"
  location            = var.region
  deletion_protection = false

  template {
    template {
      service_account = google_service_account.run.email
      max_retries     = 0
      timeout         = "600s"

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          network    = google_compute_network.app.id
          subnetwork = google_compute_subnetwork.app.id
        }
      }

      containers {
        image   = each.value
        command = ["app"]
        args    = ["doctor"]

        dynamic "env" {
          for_each = local.variables
          content {
            name  = env.key
            value = env.value.value

            dynamic "value_source" {
              for_each = env.value.secret[*]
              content {
                secret_key_ref {
                  secret  = value_source.value
                  version = "latest"
                }
              }
            }
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.run, google_sql_database.app, google_sql_user.app]
}

# Workers and the scheduler: nobody calls them.
resource "google_cloud_run_v2_worker_pool" "app" {
  for_each = { for name, count in { worker = var.workers, beat = 1 } : name => count if var.image != "none" }

  name                = "${var.name}-${each.key}"
  location            = var.region
  deletion_protection = false

  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = each.value
  }

  template {
    service_account = google_service_account.run.email

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = google_compute_network.app.id
        subnetwork = google_compute_subnetwork.app.id
      }
    }

    containers {
      image   = var.image
      command = ["sh", "-c", "app db upgrade && exec app ${each.key}"] # one at a time

      resources {
        limits = { cpu = "1", memory = "1Gi" }
      }

      dynamic "env" {
        for_each = local.variables
        content {
          name  = env.key
          value = env.value.value

          dynamic "value_source" {
            for_each = env.value.secret[*]
            content {
              secret_key_ref {
                secret  = value_source.value
                version = "latest"
              }
            }
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.run, google_sql_database.app, google_sql_user.app]
}

resource "google_cloud_run_v2_service" "api" {
  for_each = local.runs

  name                 = "${var.name}-api"
  location             = var.region
  ingress              = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  invoker_iam_disabled = true # the API asks for keys of its own
  deletion_protection  = false

  template {
    service_account                  = google_service_account.run.email
    timeout                          = "3600s" # event streams
    max_instance_request_concurrency = 80

    scaling {
      min_instance_count = 2
      max_instance_count = 6
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = google_compute_network.app.id
        subnetwork = google_compute_subnetwork.app.id
      }
    }

    containers {
      image   = each.value
      command = ["sh", "-c", "app db upgrade && exec app serve"]

      ports {
        container_port = 8000
      }

      resources {
        limits   = { cpu = "1", memory = "1Gi" }
        cpu_idle = false # it listens to PostgreSQL between requests too
      }

      # a revision that is not ready gets no request
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 5
        failure_threshold = 36

        http_get {
          path = "/health/ready"
          port = 8000
        }
      }

      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 5
        failure_threshold = 6

        http_get {
          path = "/health/live"
          port = 8000
        }
      }

      dynamic "env" {
        for_each = local.variables
        content {
          name  = env.key
          value = env.value.value

          dynamic "value_source" {
            for_each = env.value.secret[*]
            content {
              secret_key_ref {
                secret  = value_source.value
                version = "latest"
              }
            }
          }
        }
      }
    }
  }

  depends_on = [google_cloud_run_v2_worker_pool.app]
}

# ---- HTTPS: what is for operators (/metrics, /docs) is not let through

resource "google_compute_global_address" "app" {
  name = var.name

  depends_on = [google_project_service.app]
}

resource "google_compute_managed_ssl_certificate" "app" {
  name = var.name

  managed {
    domains = [var.domain]
  }

  depends_on = [google_project_service.app]
}

resource "google_compute_region_network_endpoint_group" "api" {
  for_each = local.runs

  name                  = "${var.name}-api"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = google_cloud_run_v2_service.api[each.key].name
  }
}

resource "google_compute_backend_service" "api" {
  for_each = local.runs

  name                  = "${var.name}-api"
  load_balancing_scheme = "EXTERNAL_MANAGED"

  backend {
    group = google_compute_region_network_endpoint_group.api[each.key].id
  }
}

resource "google_compute_url_map" "app" {
  for_each = local.runs

  name            = var.name
  default_service = google_compute_backend_service.api[each.key].id

  host_rule {
    hosts        = ["*"]
    path_matcher = "api"
  }

  path_matcher {
    name = "api"

    default_route_action {
      weighted_backend_services {
        backend_service = google_compute_backend_service.api[each.key].id
        weight          = 100
      }

      fault_injection_policy {
        abort {
          http_status = 404
          percentage  = 100
        }
      }
    }

    path_rule {
      paths   = ["/v1/*", "/mcp", "/mcp/*", "/health/*"]
      service = google_compute_backend_service.api[each.key].id
    }
  }
}

resource "google_compute_target_https_proxy" "app" {
  for_each = local.runs

  name             = var.name
  url_map          = google_compute_url_map.app[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.app.id]
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = local.runs

  name                  = "${var.name}-https"
  target                = google_compute_target_https_proxy.app[each.key].id
  ip_address            = google_compute_global_address.app.id
  port_range            = "443"
  load_balancing_scheme = "EXTERNAL_MANAGED"
}

resource "google_compute_url_map" "redirect" {
  name = "${var.name}-redirect"

  default_url_redirect {
    https_redirect = true
    strip_query    = false
  }

  depends_on = [google_project_service.app]
}

resource "google_compute_target_http_proxy" "redirect" {
  name    = "${var.name}-redirect"
  url_map = google_compute_url_map.redirect.id
}

resource "google_compute_global_forwarding_rule" "http" {
  name                  = "${var.name}-http"
  target                = google_compute_target_http_proxy.redirect.id
  ip_address            = google_compute_global_address.app.id
  port_range            = "80"
  load_balancing_scheme = "EXTERNAL_MANAGED"
}

resource "terraform_data" "released" {
  input = var.image

  depends_on = [google_cloud_run_v2_service.api]
}

output "registry" {
  description = "Where images are pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.app.repository_id}/app"
}

output "dns_records" {
  description = "What must stand in the DNS."
  value       = ["${var.domain} A ${google_compute_global_address.app.address}"]
}
