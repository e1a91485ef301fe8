# One server at Hetzner. The token comes from HCLOUD_TOKEN: https://docs.hetzner.com/cloud/api/getting-started/generating-api-token/
terraform {
  required_version = ">= 1.9"
  required_providers {
    hcloud = {
      source  = "hetznercloud/hcloud"
      version = "~> 1.50"
    }
  }
}

variable "location" {
  description = "Where it is: https://docs.hetzner.com/cloud/general/locations/"
  type        = string
  default     = "fsn1"
}

variable "size" {
  description = "Its type: 4 processors and 8 GB."
  type        = string
  default     = "cx33"
}

locals {
  everybody = ["0.0.0.0/0", "::/0"]
}

resource "hcloud_ssh_key" "deploy" {
  name       = var.name
  public_key = local.public_key
}

resource "hcloud_firewall" "server" {
  name = var.name

  dynamic "rule" {
    for_each = local.open
    content {
      direction   = "in"
      protocol    = rule.value.protocol
      port        = rule.value.port
      source_ips  = rule.value.from
      description = rule.key
    }
  }
}

resource "hcloud_server" "server" {
  name         = var.name
  image        = "ubuntu-24.04"
  server_type  = var.size
  location     = var.location
  ssh_keys     = [hcloud_ssh_key.deploy.id]
  firewall_ids = [hcloud_firewall.server.id]
  backups      = true
  user_data    = local.first_start

  public_net {
    ipv4_enabled = true
    ipv6_enabled = true
  }

  lifecycle {
    ignore_changes = [user_data, ssh_keys, image] # another first start would need another server, without the data
  }
}

output "address" {
  description = "Where the DNS records of your domain must lead."
  value       = hcloud_server.server.ipv4_address
}
