-- Long-lived access keys that were used in the period: whose, how much, from how many addresses and programs (S3 writes these in brackets), and when they were made.
-- In: $until. Out: user_arn, access_key_id, account_id, calls, changes, addresses, user_agents, created (if that is in the lake), age_days (whole days from
-- then to the period's end), last_time.
SELECT w.user_arn, w.access_key_id, w.user_account_id AS account_id, sum(w.calls) AS calls,
       sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes,
       count(DISTINCT w.source_ip_address) AS addresses, count(DISTINCT btrim(w.user_agent, '[]')) AS user_agents,
       max(k.created) AS created, CAST(floor((to_unixtime($until) - to_unixtime(max(k.created))) / 86400) AS BIGINT) AS age_days,
       max(w.last_time) AS last_time
FROM window_calls w
LEFT JOIN (
  SELECT regexp_match(x.response_elements, 'AKIA[A-Z0-9]{12,124}')[1] AS access_key_id, min(x.event_time) AS created
  FROM events x
  WHERE x.event_source = 'iam.amazonaws.com' AND x.event_name = 'CreateAccessKey' AND x.error_code IS NULL AND x.event_time < $until
  GROUP BY 1
) k ON k.access_key_id = w.access_key_id
WHERE w.access_key_id LIKE 'AKIA%'
GROUP BY w.user_arn, w.access_key_id, w.user_account_id
ORDER BY w.user_arn, w.access_key_id, account_id
