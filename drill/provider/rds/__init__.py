"""The client for the RDS v3 API of Huawei Cloud and its kin."""
