# ECS Fargate behind a load balancer, PostgreSQL from RDS, secrets from Secrets Manager. Who you are comes from the
# environment: `aws sso login`.
terraform {
  required_version = ">= 1.11" # write-only arguments: no password is in the state
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.98, < 7"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { Application = var.name }
  }
}

variable "region" {
  description = "Where it is: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"
  type        = string
  default     = "eu-central-1"
}

variable "state_bucket" {
  description = "The bucket of the state (backend.tf), for releases from GitHub. Empty: none."
  type        = string
  default     = ""
}

locals {
  database_url = "postgresql://app@${aws_db_instance.app.endpoint}/app?sslmode=require"
  processes    = { api = ["app", "serve"], worker = ["app", "worker"], beat = ["app", "beat"] }
  counts       = { api = 2, worker = var.workers, beat = 1 }
  container = {
    image       = var.image
    environment = [for key, value in local.environment : { name = key, value = value }]
    secrets     = [for name in local.secrets : { name = name, valueFrom = aws_secretsmanager_secret.app[name].arn }]
    stopTimeout = 60 # seconds: more than API_SHUTDOWN_SECONDS and RUNS_STOP_SECONDS
    logConfiguration = {
      logDriver = "awslogs"
      options   = { awslogs-group = aws_cloudwatch_log_group.app.name, awslogs-region = var.region, awslogs-stream-prefix = "app" }
    }
    linuxParameters = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
  }
}

# ---- the network: containers have addresses of their own, and only the load balancer reaches them

data "aws_availability_zones" "here" {
  state = "available"
}

resource "aws_vpc" "app" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_subnet" "app" {
  count = 2

  vpc_id            = aws_vpc.app.id
  cidr_block        = cidrsubnet(aws_vpc.app.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.here.names[count.index]
}

resource "aws_internet_gateway" "app" {
  vpc_id = aws_vpc.app.id
}

resource "aws_route_table" "app" {
  vpc_id = aws_vpc.app.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.app.id
  }
}

resource "aws_route_table_association" "app" {
  count = 2

  subnet_id      = aws_subnet.app[count.index].id
  route_table_id = aws_route_table.app.id
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "HTTP and HTTPS for everybody."
  vpc_id      = aws_vpc.app.id

  dynamic "ingress" {
    for_each = [80, 443]
    content {
      description = "in"
      protocol    = "tcp"
      from_port   = ingress.value
      to_port     = ingress.value
      cidr_blocks = ["0.0.0.0/0"]
    }
  }

  egress {
    description = "to the containers"
    protocol    = "tcp"
    from_port   = 8000
    to_port     = 8000
    cidr_blocks = [aws_vpc.app.cidr_block]
  }
}

resource "aws_security_group" "app" {
  name        = "${var.name}-app"
  description = "The API for the load balancer, everything outwards."
  vpc_id      = aws_vpc.app.id

  ingress {
    description     = "API"
    protocol        = "tcp"
    from_port       = 8000
    to_port         = 8000
    security_groups = [aws_security_group.balancer.id]
  }

  egress {
    description = "out"
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "data" {
  name        = "${var.name}-data"
  description = "PostgreSQL and the broker, for the containers alone."
  vpc_id      = aws_vpc.app.id

  dynamic "ingress" {
    for_each = [5432, 6379]
    content {
      description     = "in"
      protocol        = "tcp"
      from_port       = ingress.value
      to_port         = ingress.value
      security_groups = [aws_security_group.app.id]
    }
  }
}

# ---- secrets: their values are put in by you, but for the database's password, which nobody sees

resource "aws_secretsmanager_secret" "app" {
  for_each = local.secrets

  name                    = "${var.name}/${each.key}"
  recovery_window_in_days = 0
}

ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id                = aws_secretsmanager_secret.app["DATABASE_PASSWORD"].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.database.random_password
  secret_string_wo_version = 1
}

ephemeral "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret_version.database.secret_id
}

# ---- PostgreSQL, with two weeks of backups to any second of them

resource "aws_db_subnet_group" "app" {
  name       = var.name
  subnet_ids = aws_subnet.app[*].id
}

resource "aws_db_instance" "app" {
  identifier                 = var.name
  engine                     = "postgres"
  engine_version             = "17"
  instance_class             = "db.t4g.small"
  allocated_storage          = 20
  max_allocated_storage      = 200
  storage_type               = "gp3"
  storage_encrypted          = true
  db_name                    = "app"
  username                   = "app"
  password_wo                = ephemeral.aws_secretsmanager_secret_version.database.secret_string
  password_wo_version        = aws_secretsmanager_secret_version.database.secret_string_wo_version
  db_subnet_group_name       = aws_db_subnet_group.app.name
  vpc_security_group_ids     = [aws_security_group.data.id]
  publicly_accessible        = false
  backup_retention_period    = 14
  auto_minor_version_upgrade = true
  deletion_protection        = var.keep_data
  skip_final_snapshot        = !var.keep_data
  final_snapshot_identifier  = "${var.name}-last"
}

# ---- HTTPS: what is for operators (/metrics, /docs) is not let through

resource "aws_acm_certificate" "app" {
  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate_validation" "app" {
  for_each = local.runs

  certificate_arn = aws_acm_certificate.app.arn
}

resource "aws_lb" "app" {
  name                       = var.name
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.balancer.id]
  subnets                    = aws_subnet.app[*].id
  idle_timeout               = 300 # event streams
  drop_invalid_header_fields = true
}

resource "aws_lb_target_group" "api" {
  name                 = "${var.name}-api"
  port                 = 8000
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = aws_vpc.app.id
  deregistration_delay = 30

  health_check {
    path                = "/health/ready"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 10 # longer than PostgreSQL takes to change its machine
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.app.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  for_each = local.runs

  load_balancer_arn = aws_lb.app.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.app[each.key].certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "api" {
  for_each = local.runs

  listener_arn = aws_lb_listener.https[each.key].arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }

  condition {
    path_pattern {
      values = ["/v1/*", "/mcp", "/mcp/*", "/health/*"]
    }
  }
}

# ---- the containers

resource "aws_ecr_repository" "app" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.keep_data

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_cloudwatch_log_group" "app" {
  name              = var.name
  retention_in_days = 30
}

resource "aws_ecs_cluster" "app" {
  name = var.name
}

data "aws_iam_policy_document" "ecs" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

# What starts a container may read its image and secrets, and write its log.
resource "aws_iam_role" "start" {
  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

resource "aws_iam_role_policy" "start" {
  name = "start"
  role = aws_iam_role.start.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [for secret in aws_secretsmanager_secret.app : secret.arn] },
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.app.arn}:*"] },
      { Effect = "Allow", Action = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], Resource = [aws_ecr_repository.app.arn] },
      { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
    ]
  })
}

# What is in a container may let an operator in (`aws ecs execute-command`), and nothing else.
resource "aws_iam_role" "run" {
  name               = "${var.name}-run"
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

resource "aws_iam_role_policy" "run" {
  name = "run"
  role = aws_iam_role.run.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
      Resource = ["*"]
    }]
  })
}

resource "aws_ecs_task_definition" "app" {
  for_each = var.image == "none" ? {} : local.processes

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.run.arn
  skip_destroy             = true # the circuit breaker goes back to the one before

  container_definitions = jsonencode([
    merge(local.container, {
      name      = "migrate"
      command   = ["app", "db", "upgrade"]
      essential = false
    }),
    merge(local.container, {
      name         = "app"
      command      = each.value
      essential    = true
      dependsOn    = [{ containerName = "migrate", condition = "SUCCESS" }]
      portMappings = each.key == "api" ? [{ containerPort = 8000 }] : []
      # the load balancer asks the API; the others count as healthy once they have run for a minute
      healthCheck = each.key == "api" ? null : { command = ["CMD", "sleep", "20"], interval = 30, timeout = 30, retries = 3 }
    }),
  ])
}

resource "aws_ecs_service" "app" {
  for_each = aws_ecs_task_definition.app

  name                   = each.key
  cluster                = aws_ecs_cluster.app.id
  task_definition        = each.value.arn
  desired_count          = local.counts[each.key]
  launch_type            = "FARGATE"
  enable_execute_command = true
  wait_for_steady_state  = true

  health_check_grace_period_seconds = each.key == "api" ? 300 : null

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = aws_subnet.app[*].id
    security_groups  = [aws_security_group.app.id]
    assign_public_ip = true # instead of a NAT gateway: nobody but the load balancer gets in
  }

  dynamic "load_balancer" {
    for_each = each.key == "api" ? [1] : []
    content {
      target_group_arn = aws_lb_target_group.api.arn
      container_name   = "app"
      container_port   = 8000
    }
  }

  lifecycle {
    ignore_changes = [desired_count] # below
  }

  depends_on = [aws_lb_listener_rule.api, aws_iam_role_policy.start]
}

resource "terraform_data" "released" {
  input = var.image

  depends_on = [aws_ecs_service.app]
}

output "registry" {
  description = "Where images are pushed to."
  value       = aws_ecr_repository.app.repository_url
}

output "dns_records" {
  description = "What must stand in the DNS: the first for the certificate, the second for the API."
  value = concat(
    [for each in aws_acm_certificate.app.domain_validation_options : "${each.resource_record_name} ${each.resource_record_type} ${each.resource_record_value}"],
    ["${var.domain} CNAME ${aws_lb.app.dns_name}"],
  )
}
