# Valkey from ElastiCache. Only the containers reach it; what it loses is sent again, because runs are in PostgreSQL.

resource "aws_elasticache_subnet_group" "app" {
  name       = var.name
  subnet_ids = aws_subnet.app[*].id
}

resource "aws_elasticache_replication_group" "app" {
  replication_group_id       = var.name
  description                = "Messages for the workers of ${var.name}"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = "cache.t4g.micro"
  num_cache_clusters         = 1
  subnet_group_name          = aws_elasticache_subnet_group.app.name
  security_group_ids         = [aws_security_group.data.id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}

locals {
  broker_url     = "rediss://${aws_elasticache_replication_group.app.primary_endpoint_address}:6379/0"
  broker_secrets = []
}
