"""The rest of the API that a drill meets: lists, policies and actions beside the restore itself."""

from __future__ import annotations

from drill.sandbox.api import accounts, actions, jobs, lists, offsite, policies

_P = "/v3/{project_id}"
_ONE = f"{_P}/instances/{{instance_id}}"
_READ = "rds:instance:list"
_MODIFY = "rds:instance:modify"
_POLICY = "rds:instance:modifyBackupPolicy"

MORE_SERVICE = (
    ("PUT", f"{_ONE}/backups/policy", policies.set_backup_policy, _POLICY),
    ("GET", f"{_ONE}/backups/offsite-policy", policies.show_offsite_policy, _READ),
    ("PUT", f"{_ONE}/backups/offsite-policy", policies.set_offsite_policy, _POLICY),
    ("GET", f"{_ONE}/offsite-restore-time", offsite.list_restore_times, _READ),
    ("GET", f"{_P}/offsite-backups", offsite.list_backups, "rds:backup:list"),
    ("GET", "/v3/backups/offsite-backup-instance", offsite.list_instances, "rds:backup:list"),
    ("POST", f"{_ONE}/backups/stop", actions.stop_backup, "rds:backup:create"),
    ("POST", f"{_P}/backups/batch-delete", actions.delete_backups, "rds:backup:delete"),
    ("POST", f"{_ONE}/action", actions.act, _MODIFY),
    ("POST", f"{_ONE}/password", actions.reset_password, _MODIFY),
    ("GET", f"{_ONE}/database/detail", accounts.list_databases, _READ),
    ("GET", f"{_ONE}/db_user/detail", accounts.list_users, _READ),
    ("GET", f"{_P}/instances/recycle-policy", policies.show_recycle_policy, _READ),
    ("PUT", f"{_P}/instances/recycle-policy", policies.set_recycle_policy, _MODIFY),
    ("GET", f"{_P}/recycle-instances", lists.list_recycled, _READ),
    ("GET", f"{_ONE}/tasklist/detail", jobs.list_task_details, "rds:task:list"),
    ("GET", f"{_P}/schedule-tasks", lists.list_scheduled_tasks, "rds:task:list"),
    ("POST", f"{_P}/simplified-instances", lists.list_simplified, _READ),
    ("GET", f"{_P}/configurations", lists.list_configurations, _READ),
    ("GET", f"{_P}/collations", lists.list_collations, _READ),
)
"""Which actions the smaller calls need is a guess after the larger ones (reference, section 13)."""
