# The warehouse: positions, schedules, idempotency keys, tables of analyses; the source of the card transactions.
resource "aws_db_subnet_group" "warehouse" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "warehouse" {
  name        = "${var.name}-warehouse"
  description = "PostgreSQL, from the cluster only"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "warehouse" {
  for_each                     = toset(var.client_security_group_ids)
  security_group_id            = aws_security_group.warehouse.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_parameter_group" "warehouse" {
  name   = "${var.name}-postgres18"
  family = "postgres18"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_instance" "warehouse" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = "18"
  instance_class = var.database_class
  db_name        = "warehouse"
  username       = "pipeline"

  # The password is made, kept and changed by AWS, in Secrets Manager; it is in no file and no state.
  manage_master_user_password = true

  allocated_storage         = var.database_storage_gb
  max_allocated_storage     = var.database_storage_gb * 4
  storage_type              = "gp3"
  storage_encrypted         = true
  multi_az                  = true
  db_subnet_group_name      = aws_db_subnet_group.warehouse.name
  vpc_security_group_ids    = [aws_security_group.warehouse.id]
  parameter_group_name      = aws_db_parameter_group.warehouse.name
  backup_retention_period   = 7
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${var.name}-final"
}
