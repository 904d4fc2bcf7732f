-- Names that may stand for more than one person: IAM users and root users with calls from more than one address in the period.
-- In: $since, $until. Out: actor_kind, actor_id, calls, changes, addresses, user_agents, event_id (one of the calls).
SELECT e.actor_kind, e.actor_id, count(*) AS calls, count(*) FILTER (WHERE e.changes_something AND e.error_code IS NULL) AS changes,
       count(DISTINCT e.source_ip_address) AS addresses, count(DISTINCT e.user_agent) AS user_agents, min(e.event_id) AS event_id
FROM attributed e
WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until
  AND e.actor_kind IN ('iam_user', 'root_user') AND e.invoked_by IS NULL
GROUP BY e.actor_kind, e.actor_id
HAVING count(DISTINCT e.source_ip_address) > 1
ORDER BY e.actor_kind, e.actor_id
