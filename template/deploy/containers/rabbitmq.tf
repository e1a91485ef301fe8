# RabbitMQ from whoever runs it for you: no cloud here but AWS has its own. Its password is the secret BROKER_PASSWORD.

variable "broker_url" {
  description = "Where it is, without the password: amqps://user@host:5671/vhost (Amazon MQ, CloudAMQP)."
  type        = string

  validation {
    condition     = can(regex("^amqps://[^:@/]+@[^:@/]+(:[0-9]+)?(/.*)?$", var.broker_url))
    error_message = "Write amqps://user@host:5671/vhost, without the password: that is the secret BROKER_PASSWORD."
  }
}

locals {
  broker_url     = var.broker_url
  broker_secrets = ["BROKER_PASSWORD"]
}
