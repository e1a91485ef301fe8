# The same at every cloud: what is asked, and what is open.

variable "name" {
  description = "What the server is called."
  type        = string
}

variable "ssh_public_key" {
  description = "Who may log in: the content of a file such as ~/.ssh/id_ed25519.pub."
  type        = string

  validation {
    condition     = can(regex("^(ssh-ed25519|ecdsa-sha2-nistp[0-9]+|ssh-rsa) [A-Za-z0-9+/=]+( .*)?$", trimspace(var.ssh_public_key)))
    error_message = "This is no public key: it begins with ssh-ed25519, ecdsa-sha2-… or ssh-rsa."
  }
}

variable "admin_networks" {
  description = "From where SSH is reached, such as [\"203.0.113.7/32\"]."
  type        = list(string)

  validation {
    condition     = length(var.admin_networks) > 0 && alltrue([for network in var.admin_networks : try(cidrnetmask(network) != "" && tonumber(split("/", network)[1]) >= 16, false)])
    error_message = "Give networks of IPv4 such as 203.0.113.7/32, none larger than a /16."
  }
}

locals {
  open = {
    ssh   = { protocol = "tcp", port = 22, from = var.admin_networks }
    http  = { protocol = "tcp", port = 80, from = local.everybody }
    https = { protocol = "tcp", port = 443, from = local.everybody }
    http3 = { protocol = "udp", port = 443, from = local.everybody }
  }
  public_key  = trimspace(var.ssh_public_key)
  first_start = templatefile("${path.module}/cloud-init.yaml", { ssh_public_key = local.public_key })
}
