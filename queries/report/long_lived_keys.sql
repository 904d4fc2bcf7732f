-- Long-lived access keys that were used in the period: whose, how much, from how many addresses and programs, and when they were made.
-- In: $since, $until. Out: user_arn, access_key_id, account_id, calls, changes, addresses, user_agents, created (if that is in the lake), last_time.
SELECT e.user_arn, e.access_key_id, e.user_account_id AS account_id, count(*) AS calls,
       count(*) FILTER (WHERE NOT e.read_only AND e.error_code IS NULL) AS changes,
       count(DISTINCT e.source_ip_address) AS addresses, count(DISTINCT e.user_agent) AS user_agents,
       max(k.created) AS created, max(e.event_time) AS last_time
FROM events e
LEFT JOIN (
  SELECT regexp_match(x.response_elements, 'AKIA[A-Z0-9]{12,124}')[1] AS access_key_id, min(x.event_time) AS created
  FROM events x
  WHERE x.event_source = 'iam.amazonaws.com' AND x.event_name = 'CreateAccessKey' AND x.error_code IS NULL AND x.event_time < $until
  GROUP BY 1
) k ON k.access_key_id = e.access_key_id
WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until AND e.access_key_id LIKE 'AKIA%'
GROUP BY e.user_arn, e.access_key_id, e.user_account_id
ORDER BY e.user_arn, e.access_key_id, account_id
