-- Calls of the period by those who are not of the organisation: principals of accounts whose logs are not here, and subjects of issuers that
-- are no known pipeline.
-- Out: actor_kind, actor_id, certainty, account_id, calls, changes, failed, first_time, last_time, event_id (one of the calls).
SELECT w.actor_kind, w.actor_id, w.certainty, w.account_id, sum(w.calls) AS calls,
       sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes, sum(CASE WHEN w.failed THEN w.calls ELSE 0 END) AS failed,
       min(w.first_time) AS first_time, max(w.last_time) AS last_time, min(w.event_id) AS event_id
FROM window_calls w
WHERE w.actor_kind IN ('external_account', 'oidc_user')
GROUP BY w.actor_kind, w.actor_id, w.certainty, w.account_id
ORDER BY w.actor_kind, w.actor_id, w.account_id, w.certainty
