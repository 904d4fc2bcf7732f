-- Calls of the period that would have changed something and were denied or failed, folded.
-- Out: actor_kind, actor_id, certainty, user_arn, account_id, event_source, event_name, error_code, attempts, first_time, last_time, event_id.
SELECT c.actor_kind, c.actor_id, c.certainty, c.user_arn, c.account_id, c.event_source, c.event_name, c.error_code, sum(c.calls) AS attempts,
       min(c.first_time) AS first_time, max(c.last_time) AS last_time, min(c.event_id) AS event_id
FROM window_acts c
WHERE c.error_code IS NOT NULL
GROUP BY c.actor_kind, c.actor_id, c.certainty, c.user_arn, c.account_id, c.event_source, c.event_name, c.error_code
ORDER BY first_time, event_id, c.account_id, c.event_name, c.error_code
