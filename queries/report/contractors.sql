-- Calls of the period by people who are named. A report shows of these whom the company's table of people gives another company, which no log says.
-- Out: actor_kind, actor_id, certainty, account_id, calls, changes, failed, first_time, last_time, event_id (one of the calls).
SELECT w.actor_kind, w.actor_id, w.certainty, w.account_id, sum(w.calls) AS calls,
       sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes, sum(CASE WHEN w.failed THEN w.calls ELSE 0 END) AS failed,
       min(w.first_time) AS first_time, max(w.last_time) AS last_time, min(w.event_id) AS event_id
FROM window_calls w
WHERE w.actor_kind IN ('sso_user', 'iam_user', 'saml_user') AND w.actor_id IS NOT NULL
GROUP BY w.actor_kind, w.actor_id, w.certainty, w.account_id
ORDER BY w.actor_kind, w.actor_id, w.account_id, w.certainty
