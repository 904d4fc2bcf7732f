-- Where a resource key is mentioned, newest first.
-- In: $bucket, $key, $since, $until. Out: a row of `mentions` for each event that mentions it.
SELECT m.key, m.form, m.arn, m.exact, m.event_time, m.recipient_account_id, m.aws_region, m.read_only, m.failed, m.own, m.shared_event,
       m.object_id, m.record
FROM mentions m
WHERE m.bucket = $bucket AND m.key = $key AND m.event_time >= $since AND m.event_time < $until
ORDER BY m.event_time DESC, m.recipient_account_id, m.object_id, m.record
