-- Calls of the period by those who are not of the organisation: principals of accounts whose logs are not here, and subjects of issuers that
-- are no known pipeline.
-- In: $since, $until. Out: actor_kind, actor_id, certainty, account_id, calls, changes, failed, first_time, last_time, event_id (one of the calls).
SELECT a.actor_kind, a.actor_id, a.certainty, a.account_id, count(*) AS calls,
       count(*) FILTER (WHERE a.changes_something AND a.error_code IS NULL) AS changes, count(*) FILTER (WHERE a.error_code IS NOT NULL) AS failed,
       min(a.event_time) AS first_time, max(a.event_time) AS last_time, min(a.event_id) AS event_id
FROM attributed a
WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until
  AND a.actor_kind IN ('external_account', 'oidc_user')
GROUP BY a.actor_kind, a.actor_id, a.certainty, a.account_id
ORDER BY a.actor_kind, a.actor_id, a.account_id, a.certainty
