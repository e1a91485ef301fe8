# How many there are. The API: more while processors are busy; workers wait for models, so they are as many as you say.
resource "aws_appautoscaling_target" "app" {
  for_each = { for name, counts in { api = [2, 6], worker = [var.workers, var.workers] } : name => counts if var.image != "none" }

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.app.name}/${aws_ecs_service.app[each.key].name}"
  min_capacity       = each.value[0]
  max_capacity       = each.value[1]
}

resource "aws_appautoscaling_policy" "api" {
  for_each = local.runs

  name               = "${var.name}-api"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.app["api"].service_namespace
  scalable_dimension = aws_appautoscaling_target.app["api"].scalable_dimension
  resource_id        = aws_appautoscaling_target.app["api"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value = 70

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
