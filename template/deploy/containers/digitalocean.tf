# App Platform. PostgreSQL and the broker are made by doctl (README.md): Terraform would write their passwords into its
# state. The token comes from DIGITALOCEAN_TOKEN: https://docs.digitalocean.com/reference/api/create-personal-access-token/
terraform {
  required_version = ">= 1.9"
  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.70"
    }
  }
}

variable "region" {
  description = "Where it is: https://docs.digitalocean.com/products/app-platform/details/availability/"
  type        = string
  default     = "fra"
}

locals {
  database_url = "$${database.DATABASE_URL}"
  # registry.digitalocean.com/REGISTRY/REPOSITORY:TAG, or @sha256:…
  pushed    = var.image == "none" ? null : regex("^registry\\.digitalocean\\.com/[^/]+/(?P<repository>[^:@]+)[:@](?P<version>.+)$", var.image)
  by_digest = var.image != "none" && strcontains(var.image, "@")
}

resource "digitalocean_app" "app" {
  for_each = local.runs

  spec {
    name   = var.name
    region = var.region

    domain {
      name = var.domain
      type = "PRIMARY"
    }

    database {
      name         = "database"
      engine       = "PG"
      production   = true
      cluster_name = "${var.name}-database"
      db_name      = "app"
      db_user      = "app"
    }

    dynamic "database" {
      for_each = strcontains(local.broker_url, "broker.DATABASE_URL") ? [1] : []
      content {
        name         = "broker"
        engine       = "VALKEY"
        production   = true
        cluster_name = "${var.name}-broker"
      }
    }

    # before the new containers start; if it fails, they do not
    job {
      name               = "migrate"
      kind               = "PRE_DEPLOY"
      run_command        = "app db upgrade"
      instance_size_slug = "apps-s-1vcpu-0.5gb"

      image {
        registry_type = "DOCR"
        repository    = local.pushed.repository
        tag           = local.by_digest ? null : local.pushed.version
        digest        = local.by_digest ? local.pushed.version : null
      }

      dynamic "env" {
        for_each = local.environment
        content {
          key   = env.key
          value = env.value
          scope = "RUN_TIME"
        }
      }
    }

    service {
      name               = "api"
      run_command        = "app serve"
      http_port          = 8000
      instance_count     = 2
      instance_size_slug = "apps-s-1vcpu-1gb"

      image {
        registry_type = "DOCR"
        repository    = local.pushed.repository
        tag           = local.by_digest ? null : local.pushed.version
        digest        = local.by_digest ? local.pushed.version : null
      }

      # new containers get requests only when they are ready, and old ones stay until then
      health_check {
        http_path             = "/health/ready"
        initial_delay_seconds = 10
        period_seconds        = 5
        timeout_seconds       = 5
        failure_threshold     = 36
      }

      termination {
        drain_seconds        = 15
        grace_period_seconds = 45
      }

      dynamic "env" {
        for_each = local.environment
        content {
          key   = env.key
          value = env.value
          scope = "RUN_TIME"
        }
      }
    }

    dynamic "worker" {
      for_each = { worker = var.workers, beat = 1 }
      content {
        name               = worker.key
        run_command        = "app ${worker.key}"
        instance_count     = worker.value
        instance_size_slug = "apps-s-1vcpu-1gb"

        image {
          registry_type = "DOCR"
          repository    = local.pushed.repository
          tag           = local.by_digest ? null : local.pushed.version
          digest        = local.by_digest ? local.pushed.version : null
        }

        termination {
          grace_period_seconds = 60
        }

        dynamic "env" {
          for_each = local.environment
          content {
            key   = env.key
            value = env.value
            scope = "RUN_TIME"
          }
        }
      }
    }

    # what is for operators (/metrics, /docs) is not let through
    ingress {
      dynamic "rule" {
        for_each = ["/v1", "/mcp", "/health"]
        content {
          component {
            name                 = "api"
            preserve_path_prefix = true
          }

          match {
            path {
              prefix = rule.value
            }
          }
        }
      }
    }

    alert {
      rule = "DEPLOYMENT_FAILED"
    }
  }

  lifecycle {
    ignore_changes = [spec[0].env] # the secrets: you enter them, and App Platform encrypts them
  }
}

resource "terraform_data" "released" {
  input = var.image

  depends_on = [digitalocean_app.app]
}

output "dns_records" {
  description = "What must stand in the DNS."
  value       = [for app in digitalocean_app.app : "${var.domain} CNAME ${trimprefix(app.default_ingress, "https://")}"]
}
