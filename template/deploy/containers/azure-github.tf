# Who releases from GitHub: an identity that only runs of the environment `production` of your repository may be, without
# a key. It may read the group, push the image, and replace the containers.

locals {
  github = var.repository == "" ? {} : { release = var.repository }
}

resource "azurerm_user_assigned_identity" "release" {
  for_each = local.github

  name                = "${var.name}-release"
  resource_group_name = azurerm_resource_group.app.name
  location            = azurerm_resource_group.app.location
}

resource "azurerm_federated_identity_credential" "github" {
  for_each = local.github

  name                = "github"
  resource_group_name = azurerm_resource_group.app.name
  parent_id           = azurerm_user_assigned_identity.release[each.key].id
  issuer              = "https://token.actions.githubusercontent.com"
  audience            = ["api://AzureADTokenExchange"]
  subject             = "repo:${each.value}:environment:production"
}

resource "azurerm_role_assignment" "release" {
  for_each = var.repository == "" ? {} : merge({
    look    = ["Reader", azurerm_resource_group.app.id]
    replace = ["Container Apps Contributor", azurerm_resource_group.app.id]
    give    = ["Managed Identity Operator", azurerm_user_assigned_identity.run.id]
    push    = ["AcrPush", azurerm_container_registry.app.id]
    # planning opens the ephemeral value, so this role must be able to read it
    plan = ["Key Vault Secrets User", "${azurerm_key_vault.app.id}/secrets/${local.secret_names["DATABASE_PASSWORD"]}"]
    }, var.state_container == "" ? {} : {
    look_at_state = ["Reader", var.state_container]
    state         = ["Storage Blob Data Contributor", var.state_container]
  })

  role_definition_name = each.value[0]
  scope                = each.value[1]
  principal_id         = azurerm_user_assigned_identity.release["release"].principal_id
}

output "release" {
  description = "For GitHub: the variables ARM_CLIENT_ID, ARM_TENANT_ID and ARM_SUBSCRIPTION_ID of the environment production."
  value = {
    ARM_CLIENT_ID       = one([for identity in azurerm_user_assigned_identity.release : identity.client_id])
    ARM_TENANT_ID       = data.azurerm_client_config.here.tenant_id
    ARM_SUBSCRIPTION_ID = data.azurerm_client_config.here.subscription_id
  }
}
