-- One event, every recorded copy under its id.
-- In: $event_id. Out: what an answer prints of it.
SELECT e.event_id, e.recipient_account_id, e.aws_region, e.event_source, e.event_name, e.error_code, e.shared_event_id, e.user_arn, e.user_account_id,
       e.event_time, e.read_only, e.record, e.resource_arns, e.object_id, e.credential_id, e.principal_id
FROM events e
WHERE e.event_id = $event_id
ORDER BY e.event_time DESC, e.event_id DESC, e.recipient_account_id
