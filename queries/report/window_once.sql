-- Calls of the period that would change something, done or failed, each once: of two accounts' copies the caller's own, else the one with
-- the smaller id. What `window_changes` and `window_acts_folded` read as the table `window_once`, which has no order.
-- Reads `window_records`. Out: one row a call, as there.
SELECT r.event_id, r.event_time, r.event_source, r.event_name, r.aws_region, r.account_id, r.source_ip_address, r.error_code, r.user_type,
       r.user_arn, r.credential_id, r.actor_kind, r.actor_id, r.certainty, r.permission_set, r.doubted
FROM window_records r
WHERE r.shared_event_id IS NULL
UNION ALL
-- Copies are few, and they alone are ranked.
SELECT w.event_id, w.event_time, w.event_source, w.event_name, w.aws_region, w.account_id, w.source_ip_address, w.error_code, w.user_type,
       w.user_arn, w.credential_id, w.actor_kind, w.actor_id, w.certainty, w.permission_set, w.doubted
FROM (
  SELECT r.event_id, r.event_time, r.event_source, r.event_name, r.aws_region, r.account_id, r.source_ip_address, r.error_code, r.user_type,
         r.user_arn, r.credential_id, r.actor_kind, r.actor_id, r.certainty, r.permission_set, r.doubted,
         row_number() OVER (PARTITION BY r.shared_event_id
                            ORDER BY CASE WHEN r.account_id = r.user_account_id THEN 0 ELSE 1 END, r.event_id, r.account_id) AS place
  FROM window_records r
  WHERE r.shared_event_id IS NOT NULL
) w
WHERE w.place = 1
