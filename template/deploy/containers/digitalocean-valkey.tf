# Valkey from DigitalOcean. What it loses is sent again, because runs are in PostgreSQL.

locals {
  # the certificate is of an authority of the database's own
  broker_url     = "$${broker.DATABASE_URL}?ssl_cert_reqs=none"
  broker_secrets = []
}
