# One server at Google Cloud. Who you are comes from the environment: `gcloud auth application-default login`.
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.20, < 8"
    }
  }
}

provider "google" {
  project = var.project
  zone    = var.zone
}

variable "project" {
  description = "The id of your project at Google."
  type        = string
}

variable "zone" {
  description = "Where it is: https://cloud.google.com/compute/docs/regions-zones"
  type        = string
  default     = "europe-west3-a"
}

variable "size" {
  description = "Its type: 2 processors and 8 GB."
  type        = string
  default     = "e2-standard-2"
}

locals {
  everybody = ["0.0.0.0/0"]
}

resource "google_compute_network" "server" {
  name                    = var.name
  auto_create_subnetworks = true
}

resource "google_compute_firewall" "server" {
  for_each = local.open

  name          = "${var.name}-${each.key}"
  network       = google_compute_network.server.id
  source_ranges = each.value.from

  allow {
    protocol = each.value.protocol
    ports    = [each.value.port]
  }
}

resource "google_compute_address" "server" {
  name   = var.name
  region = join("-", slice(split("-", var.zone), 0, 2))
}

resource "google_compute_instance" "server" {
  name         = var.name
  machine_type = var.size
  zone         = var.zone

  boot_disk {
    initialize_params {
      image = "ubuntu-os-cloud/ubuntu-2404-lts-amd64"
      size  = 80
      type  = "pd-balanced"
    }
  }

  network_interface {
    network = google_compute_network.server.id

    access_config {
      nat_ip = google_compute_address.server.address
    }
  }

  metadata = {
    block-project-ssh-keys = "true"
    user-data              = local.first_start
  }

  shielded_instance_config {
    enable_secure_boot = true
  }

  lifecycle {
    ignore_changes = [metadata["user-data"], boot_disk[0].initialize_params[0].image] # another first start would need another server
  }
}

output "address" {
  description = "Where the DNS records of your domain must lead."
  value       = google_compute_address.server.address
}
