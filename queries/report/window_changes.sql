-- Calls of the period that would change something, done or failed, each once: of two accounts' copies the caller's own, else the one with
-- the smaller id. What the other queries of a report read as the table `window_changes`, which has no order.
-- In: $since, $until. Out: one row a call, with who stands behind it.
SELECT a.event_id, a.event_time, a.event_source, a.event_name, a.aws_region, a.account_id, a.source_ip_address, a.error_code, a.user_type,
       a.user_arn, a.credential_id, a.actor_kind, a.actor_id, a.certainty, a.permission_set
FROM attributed a
WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until AND a.changes_something
  AND a.shared_event_id IS NULL
UNION ALL
-- Copies are few, and they alone are ranked.
SELECT w.event_id, w.event_time, w.event_source, w.event_name, w.aws_region, w.account_id, w.source_ip_address, w.error_code, w.user_type,
       w.user_arn, w.credential_id, w.actor_kind, w.actor_id, w.certainty, w.permission_set
FROM (
  SELECT a.event_id, a.event_time, a.event_source, a.event_name, a.aws_region, a.account_id, a.source_ip_address, a.error_code, a.user_type,
         a.user_arn, a.credential_id, a.actor_kind, a.actor_id, a.certainty, a.permission_set,
         row_number() OVER (PARTITION BY a.shared_event_id
                            ORDER BY CASE WHEN a.account_id = a.user_account_id THEN 0 ELSE 1 END, a.event_id, a.account_id) AS place
  FROM attributed a
  WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until AND a.changes_something
    AND a.shared_event_id IS NOT NULL
) w
WHERE w.place = 1
