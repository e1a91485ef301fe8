# Who releases from GitHub: a role that only runs of the environment `production` of your repository get, without a
# key. It may read what Terraform looks at, push the image, and replace the containers.

variable "github_provider" {
  description = "The ARN of the identity provider for GitHub, if the account has it already: there can be only one. Empty: it is made."
  type        = string
  default     = ""
}

locals {
  github = var.repository == "" ? {} : { release = var.repository }
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = var.github_provider == "" ? local.github : {}

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "github" {
  for_each = local.github

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.github_provider == "" ? aws_iam_openid_connect_provider.github[each.key].arn : var.github_provider]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${each.value}:environment:production"]
    }
  }
}

resource "aws_iam_role" "release" {
  for_each = local.github

  name               = "${var.name}-release"
  assume_role_policy = data.aws_iam_policy_document.github[each.key].json
}

resource "aws_iam_role_policy" "release" {
  for_each = aws_iam_role.release

  name = "release"
  role = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "acm:DescribeCertificate", "acm:ListTagsForCertificate", "application-autoscaling:Describe*",
          "application-autoscaling:ListTagsForResource", "ec2:Describe*", "ecr:DescribeRepositories",
          "ecr:GetAuthorizationToken", "ecr:ListTagsForResource", "ecs:Describe*", "ecs:List*", "elasticache:Describe*",
          "elasticache:ListTagsForResource", "elasticloadbalancing:Describe*", "iam:GetOpenIDConnectProvider", "iam:GetRole",
          "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "logs:DescribeLogGroups",
          "logs:ListTagsForResource", "rds:Describe*", "rds:ListTagsForResource", "secretsmanager:DescribeSecret",
          "secretsmanager:GetRandomPassword", "secretsmanager:GetResourcePolicy",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "Push"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
        Resource = [aws_ecr_repository.app.arn]
      },
      {
        Sid      = "Replace"
        Effect   = "Allow"
        Action   = ["ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:UpdateService"]
        Resource = ["*"]
      },
      { Sid = "Give", Effect = "Allow", Action = ["iam:PassRole"], Resource = [aws_iam_role.start.arn, aws_iam_role.run.arn] },
      # planning opens the ephemeral value, so this role must be able to read it
      { Sid = "Plan", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [aws_secretsmanager_secret.app["DATABASE_PASSWORD"].arn] },
      ], var.state_bucket == "" ? [] : [
      { Sid = "State", Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"], Resource = ["arn:aws:s3:::${var.state_bucket}", "arn:aws:s3:::${var.state_bucket}/*"] },
    ])
  })
}

output "release" {
  description = "For GitHub: the variables AWS_ROLE_ARN and AWS_REGION of the environment production."
  value = {
    AWS_ROLE_ARN = one([for role in aws_iam_role.release : role.arn])
    AWS_REGION   = var.region
  }
}
