-- Calls of the period that would change something, done or failed, as often as accounts recorded them. What `window_changes` reads as the table
-- `window_records`, which has no order.
-- In: $since, $until. Out: one row a record, with who stands behind it.
SELECT a.event_id, a.event_time, a.event_source, a.event_name, a.aws_region, a.account_id, a.source_ip_address, a.error_code, a.shared_event_id,
       a.user_type, a.user_arn, a.user_account_id, a.credential_id, a.actor_kind, a.actor_id, a.certainty, a.permission_set
FROM attributed a
WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until AND a.changes_something
