-- Names that may stand for more than one person: IAM users and root users with calls from more than one address in the period.
-- Another account's copy of a call has no ARN, and an address of AWS's own where the console made it.
-- Out: actor_kind, actor_id, calls, changes, addresses, user_agents (S3 writes these in brackets), event_id (one of the calls).
SELECT w.actor_kind, w.actor_id, sum(w.calls) AS calls, sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes,
       count(DISTINCT w.source_ip_address) AS addresses, count(DISTINCT btrim(w.user_agent, '[]')) AS user_agents, min(w.event_id) AS event_id
FROM window_calls w
WHERE w.actor_kind IN ('iam_user', 'root_user') AND w.direct AND w.user_arn IS NOT NULL
GROUP BY w.actor_kind, w.actor_id
HAVING count(DISTINCT w.source_ip_address) > 1
ORDER BY w.actor_kind, w.actor_id
