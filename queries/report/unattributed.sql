-- Changes of the period behind which nobody can be named, folded by session and call.
-- Out: first_time, last_time, changes, certainty, event_source, event_name, account_id, aws_region, user_arn (whom IAM says, not who it was), event_id (one of them).
SELECT min(c.first_time) AS first_time, max(c.last_time) AS last_time, sum(c.calls) AS changes, c.certainty, c.event_source, c.event_name, c.account_id, c.aws_region,
       c.user_arn, min(c.event_id) AS event_id
FROM window_acts c
WHERE c.error_code IS NULL AND c.certainty IN ('ambiguous', 'claimed', 'unknown')
GROUP BY c.certainty, c.event_source, c.event_name, c.account_id, c.aws_region, c.user_arn, c.credential_id
ORDER BY first_time, event_id
