output "lake" {
  description = "For the key lake of the Secret pipeline-connections."
  value       = "s3://${aws_s3_bucket.lake.bucket}?region=${var.region}"
}

output "warehouse_host" {
  description = "The host of PostgreSQL."
  value       = aws_db_instance.warehouse.address
}

output "warehouse_secret_arn" {
  description = "The secret of Secrets Manager with PostgreSQL's user and password."
  value       = one(aws_db_instance.warehouse.master_user_secret[*].secret_arn)
}

output "role_arn" {
  description = "The role that the service account takes."
  value       = aws_iam_role.pipeline.arn
}
