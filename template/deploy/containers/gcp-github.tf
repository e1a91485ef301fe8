# Who releases from GitHub: an account that only runs of the environment `production` of your repository may be, without
# a key. It may read what Terraform looks at, push the image, and replace the containers.

locals {
  github  = var.repository == "" ? {} : { release = var.repository }
  subject = "repo:${var.repository}:environment:production"
}

resource "google_iam_workload_identity_pool" "github" {
  for_each = local.github

  workload_identity_pool_id = "${var.name}-github"

  depends_on = [google_project_service.app]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  for_each = local.github

  workload_identity_pool_id          = google_iam_workload_identity_pool.github[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = "assertion.sub == '${local.subject}'"

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "release" {
  for_each = local.github

  account_id = "${var.name}-release"

  depends_on = [google_project_service.app]
}

resource "google_service_account_iam_member" "github" {
  for_each = local.github

  service_account_id = google_service_account.release[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.github[each.key].name}/subject/${local.subject}"
}

resource "google_project_iam_member" "release" {
  for_each = var.repository == "" ? toset([]) : toset(["roles/viewer", "roles/iam.securityReviewer", "roles/run.developer"])

  project = var.project
  role    = each.key
  member  = google_service_account.release["release"].member
}

resource "google_service_account_iam_member" "run" {
  for_each = local.github

  service_account_id = google_service_account.run.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.release[each.key].member
}

resource "google_artifact_registry_repository_iam_member" "release" {
  for_each = local.github

  repository = google_artifact_registry_repository.app.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.release[each.key].member
}

# planning opens the ephemeral value, so this role must be able to read it
resource "google_secret_manager_secret_iam_member" "release" {
  for_each = local.github

  secret_id = google_secret_manager_secret.app["DATABASE_PASSWORD"].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.release[each.key].member
}

resource "google_storage_bucket_iam_member" "release" {
  for_each = var.state_bucket == "" ? {} : local.github

  bucket = var.state_bucket
  role   = "roles/storage.objectAdmin"
  member = google_service_account.release[each.key].member
}

output "release" {
  description = "For GitHub: the variables GCP_PROVIDER and GCP_ACCOUNT of the environment production."
  value = {
    GCP_PROVIDER = one([for provider in google_iam_workload_identity_pool_provider.github : provider.name])
    GCP_ACCOUNT  = one([for account in google_service_account.release : account.email])
  }
}
