-- Where a resource key is mentioned, newest first.
-- In: $bucket, $key, $since, $until. Out: a row of `mentions` for each event that mentions it.
SELECT m.key, m.form, m.arn, m.exact, m.event_id, m.recipient_account_id, m.aws_region, m.event_source, m.event_name, m.error_code,
       m.shared_event, m.own, m.event_time, m.read_only, m.record, m.resource_arns, m.object_id, m.credential_id
FROM mentions m
WHERE m.bucket = $bucket AND m.key = $key AND m.event_time >= $since AND m.event_time < $until
ORDER BY m.event_time DESC, m.event_id DESC, m.recipient_account_id
