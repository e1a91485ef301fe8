# The same at every cloud: what is asked, and what the containers are told.

variable "name" {
  description = "What everything is called, such as my-app."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "Give a name of 3 to 20 lower-case letters, digits and hyphens, such as my-app."
  }
}

variable "domain" {
  description = "Under which domain the API answers."
  type        = string
}

variable "image" {
  description = "The image that runs: ./release gives it. `none`: everything is made but the containers."
  type        = string

  validation {
    condition     = var.image == "none" || can(regex("^[a-z0-9._:-]+(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$", var.image)) && can(regex("[:@][^/]+$", var.image))
    error_message = "Give an image of a registry with a tag or a digest, such as registry.example.com/app:1; or none, the first time."
  }
}

variable "secrets" {
  description = "The names of your secrets, as in .env.example: their values go into the cloud's store, not in here."
  type        = set(string)
  default     = ["OPENAI_API_KEY"]
}

variable "settings" {
  description = "What is no secret: any line of .env.example."
  type        = map(string)
  default     = {}
}

variable "workers" {
  description = "How many workers run."
  type        = number
  default     = 2
}

variable "repository" {
  description = "The repository at GitHub that may release: me@12/my-app@34 with its ids, me/my-app if it is older than 2026-07-15 (README.md). Empty: none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z0-9-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?)?$", var.repository))
    error_message = "Write it like me@12/my-app@34, or me/my-app: README.md, From GitHub."
  }
}

variable "keep_data" {
  description = "Whether the database refuses to be destroyed."
  type        = bool
  default     = true
}

locals {
  # nothing runs before there is an image, and before the secrets have values
  runs = var.image == "none" ? {} : { app = var.image }
  environment = merge({
    ENVIRONMENT       = "production"
    API_HOST          = "0.0.0.0"
    API_PORT          = "8000"
    API_TRUSTED_HOSTS = var.domain
    DATABASE_URL      = local.database_url
    BROKER_URL        = local.broker_url
  }, var.settings)
  secrets = setunion(var.secrets, ["DATABASE_PASSWORD"], local.broker_secrets)
}

output "image" {
  description = "The image that was released last."
  value       = terraform_data.released.output
}
