# One server at Azure. Who you are comes from the environment: `az login`, and ARM_SUBSCRIPTION_ID.
terraform {
  required_version = ">= 1.9"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.20"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "location" {
  description = "Where it is: https://learn.microsoft.com/azure/reliability/regions-list"
  type        = string
  default     = "germanywestcentral"
}

variable "size" {
  description = "Its size: 2 processors and 8 GB."
  type        = string
  default     = "Standard_B2ms"
}

locals {
  everybody = ["0.0.0.0/0"]
}

resource "azurerm_resource_group" "server" {
  name     = var.name
  location = var.location
}

resource "azurerm_virtual_network" "server" {
  name                = var.name
  resource_group_name = azurerm_resource_group.server.name
  location            = azurerm_resource_group.server.location
  address_space       = ["10.0.0.0/16"]
}

resource "azurerm_subnet" "server" {
  name                 = var.name
  resource_group_name  = azurerm_resource_group.server.name
  virtual_network_name = azurerm_virtual_network.server.name
  address_prefixes     = ["10.0.1.0/24"]
}

resource "azurerm_public_ip" "server" {
  name                = var.name
  resource_group_name = azurerm_resource_group.server.name
  location            = azurerm_resource_group.server.location
  allocation_method   = "Static"
  sku                 = "Standard"
}

resource "azurerm_network_security_group" "server" {
  name                = var.name
  resource_group_name = azurerm_resource_group.server.name
  location            = azurerm_resource_group.server.location

  dynamic "security_rule" {
    for_each = local.open
    content {
      name                       = security_rule.key
      priority                   = 100 + index(keys(local.open), security_rule.key)
      direction                  = "Inbound"
      access                     = "Allow"
      protocol                   = title(security_rule.value.protocol)
      source_port_range          = "*"
      source_address_prefixes    = security_rule.value.from
      destination_port_range     = security_rule.value.port
      destination_address_prefix = "*"
    }
  }
}

resource "azurerm_network_interface" "server" {
  name                = var.name
  resource_group_name = azurerm_resource_group.server.name
  location            = azurerm_resource_group.server.location

  ip_configuration {
    name                          = "public"
    subnet_id                     = azurerm_subnet.server.id
    private_ip_address_allocation = "Dynamic"
    public_ip_address_id          = azurerm_public_ip.server.id
  }
}

resource "azurerm_network_interface_security_group_association" "server" {
  network_interface_id      = azurerm_network_interface.server.id
  network_security_group_id = azurerm_network_security_group.server.id
}

resource "azurerm_linux_virtual_machine" "server" {
  name                  = var.name
  resource_group_name   = azurerm_resource_group.server.name
  location              = azurerm_resource_group.server.location
  size                  = var.size
  network_interface_ids = [azurerm_network_interface.server.id]
  admin_username        = "azure"
  custom_data           = base64encode(local.first_start)

  admin_ssh_key {
    username   = "azure"
    public_key = local.public_key
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
    disk_size_gb         = 80
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }

  lifecycle {
    ignore_changes = [custom_data, source_image_reference] # another first start would need another server, without the data
  }
}

output "address" {
  description = "Where the DNS records of your domain must lead."
  value       = azurerm_public_ip.server.ip_address
}
