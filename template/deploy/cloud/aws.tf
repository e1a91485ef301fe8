# One server at AWS, in the default network of the account. Who you are comes from the environment: `aws sso login`.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90, < 7"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { Name = var.name }
  }
}

variable "region" {
  description = "Where it is: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"
  type        = string
  default     = "eu-central-1"
}

variable "size" {
  description = "Its type: 2 processors and 8 GB."
  type        = string
  default     = "t3.large"
}

locals {
  everybody = ["0.0.0.0/0"]
}

data "aws_ami" "ubuntu" {
  most_recent = true
  owners      = ["099720109477"] # Canonical

  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*"]
  }
}

resource "aws_key_pair" "deploy" {
  key_name   = var.name
  public_key = local.public_key
}

resource "aws_security_group" "server" {
  name        = var.name
  description = "SSH for operators, HTTP and HTTPS for everybody."

  dynamic "ingress" {
    for_each = local.open
    content {
      description = ingress.key
      protocol    = ingress.value.protocol
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      cidr_blocks = ingress.value.from
    }
  }

  egress {
    description = "out"
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "server" {
  ami                    = data.aws_ami.ubuntu.id
  instance_type          = var.size
  key_name               = aws_key_pair.deploy.key_name
  vpc_security_group_ids = [aws_security_group.server.id]
  user_data              = local.first_start

  root_block_device {
    volume_type = "gp3"
    volume_size = 80
    encrypted   = true
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # containers learn nothing of the machine's account
  }

  lifecycle {
    ignore_changes = [ami, user_data] # another first start would need another server, without the data
  }
}

resource "aws_eip" "server" {
  instance = aws_instance.server.id
  domain   = "vpc"
}

output "address" {
  description = "Where the DNS records of your domain must lead."
  value       = aws_eip.server.public_ip
}
