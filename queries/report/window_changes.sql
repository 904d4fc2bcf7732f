-- Calls of the period that would change something, done or failed, each once: of two accounts' copies the caller's own, else the one with
-- the smaller id. What the other queries of a report read as the table `window_changes`.
-- In: $since, $until. Out: one row a call, with who stands behind it.
SELECT w.event_id, w.event_time, w.event_source, w.event_name, w.aws_region, w.account_id, w.source_ip_address, w.error_code, w.user_type,
       w.user_arn, w.access_key_id, w.credential_id, w.actor_kind, w.actor_id, w.actor_account_id, w.certainty, w.permission_set,
       w.source_identity
FROM (
  SELECT a.event_id, a.event_time, a.event_source, a.event_name, a.aws_region, a.account_id, a.source_ip_address, a.error_code, a.user_type,
         a.user_arn, a.access_key_id, a.credential_id, a.actor_kind, a.actor_id, a.actor_account_id, a.certainty, a.permission_set,
         a.source_identity,
         row_number() OVER (PARTITION BY coalesce(a.shared_event_id, a.event_id || ' ' || a.account_id)
                            ORDER BY CASE WHEN a.account_id = a.user_account_id THEN 0 ELSE 1 END, a.event_id, a.account_id) AS place
  FROM attributed a
  WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until AND a.changes_something
) w
WHERE w.place = 1
ORDER BY w.event_time, w.event_id, w.account_id
