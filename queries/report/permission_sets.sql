-- Which permission set was used in which account by whom in the period, and when last. What is assigned and was not used is not known here.
-- In: $since, $until. Out: permission_set, account_id, actor_id, certainty, calls, changes, last_time, event_id (one of the calls).
SELECT a.permission_set, a.account_id, a.actor_id, a.certainty, count(*) AS calls,
       count(*) FILTER (WHERE a.changes_something AND a.error_code IS NULL) AS changes, max(a.event_time) AS last_time, min(a.event_id) AS event_id
FROM attributed a
WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until AND a.permission_set IS NOT NULL
GROUP BY a.permission_set, a.account_id, a.actor_id, a.certainty
ORDER BY a.permission_set, a.account_id, a.actor_id, a.certainty
