# One droplet at DigitalOcean. The token comes from DIGITALOCEAN_TOKEN: https://docs.digitalocean.com/reference/api/create-personal-access-token/
terraform {
  required_version = ">= 1.9"
  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.50"
    }
  }
}

variable "region" {
  description = "Where it is: https://docs.digitalocean.com/platform/regional-availability/"
  type        = string
  default     = "fra1"
}

variable "size" {
  description = "Its size: 4 processors and 8 GB."
  type        = string
  default     = "s-4vcpu-8gb"
}

locals {
  everybody = ["0.0.0.0/0", "::/0"]
}

resource "digitalocean_ssh_key" "deploy" {
  name       = var.name
  public_key = local.public_key
}

resource "digitalocean_droplet" "server" {
  name       = var.name
  image      = "ubuntu-24-04-x64"
  region     = var.region
  size       = var.size
  ssh_keys   = [digitalocean_ssh_key.deploy.id]
  backups    = true
  ipv6       = true
  monitoring = true
  user_data  = local.first_start

  lifecycle {
    ignore_changes = [user_data, ssh_keys, image] # another first start would need another server, without the data
  }
}

resource "digitalocean_firewall" "server" {
  name        = var.name
  droplet_ids = [digitalocean_droplet.server.id]

  dynamic "inbound_rule" {
    for_each = local.open
    content {
      protocol         = inbound_rule.value.protocol
      port_range       = inbound_rule.value.port
      source_addresses = inbound_rule.value.from
    }
  }

  dynamic "outbound_rule" {
    for_each = toset(["tcp", "udp"])
    content {
      protocol              = outbound_rule.value
      port_range            = "1-65535"
      destination_addresses = local.everybody
    }
  }
}

output "address" {
  description = "Where the DNS records of your domain must lead."
  value       = digitalocean_droplet.server.ipv4_address
}
