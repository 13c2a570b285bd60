variable "name" {
  description = "What everything is named after."
  type        = string
  default     = "pipeline"
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "bucket" {
  description = "The lake's bucket; unique in the world."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the cluster."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets for PostgreSQL, in at least two zones."
  type        = list(string)
}

variable "client_security_group_ids" {
  description = "Security groups that may reach PostgreSQL: those of the cluster's nodes."
  type        = list(string)
}

variable "cluster_name" {
  description = "The EKS cluster; it has the add-on eks-pod-identity-agent."
  type        = string
}

variable "namespace" {
  description = "The namespace of deploy/kubernetes."
  type        = string
  default     = "pipeline"
}

variable "service_account" {
  description = "The service account of deploy/kubernetes/base."
  type        = string
  default     = "pipeline"
}

variable "database_class" {
  description = "The size of PostgreSQL."
  type        = string
  default     = "db.m7g.large"
}

variable "database_storage_gb" {
  description = "Its disk; it grows to four times that by itself."
  type        = number
  default     = 100
}

variable "deletion_protection" {
  description = "False only for what may be thrown away."
  type        = bool
  default     = true
}
