# Valkey from DigitalOcean. What it loses is sent again, because runs are in PostgreSQL.

locals {
  broker_url     = "$${broker.DATABASE_URL}"
  broker_secrets = []
}
