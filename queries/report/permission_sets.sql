-- Which permission set was used in which account by whom in the period, and when last.
-- Out: permission_set, account_id, actor_id, certainty, calls, changes, last_time, event_id (one of the calls).
SELECT w.permission_set, w.account_id, w.actor_id, w.certainty, sum(w.calls) AS calls,
       sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes, max(w.last_time) AS last_time, min(w.event_id) AS event_id
FROM window_calls w
WHERE w.permission_set IS NOT NULL
GROUP BY w.permission_set, w.account_id, w.actor_id, w.certainty
ORDER BY w.permission_set, w.account_id, w.actor_id, w.certainty
