-- Calls of the period that would change something, done or failed, as often as accounts recorded them. What `window_once` reads as the table
-- `window_records`, which has no order. They are `changes_something` of the view `attributed`.
-- In: $since, $until. Out: one row a record, with what the event itself says of its actor; doubted, whether it lies in an object that is not to be believed.
SELECT e.event_id, e.event_time, e.event_source, e.event_name, e.aws_region, e.recipient_account_id AS account_id, e.source_ip_address, e.error_code,
       e.shared_event_id, e.user_type, e.user_arn, e.user_account_id, e.credential_id, e.actor_kind, e.actor_id, e.certainty, e.permission_set,
       o.object_id IS NOT NULL AS doubted
FROM events e
LEFT JOIN doubted_objects o ON o.object_id = e.object_id
WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until
  AND NOT coalesce(e.read_only, false) AND e.event_source <> 'signin.amazonaws.com'
