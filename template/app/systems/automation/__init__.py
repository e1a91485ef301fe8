"""Support e-mails: routed by rules first, answered, drafted or acted upon."""
