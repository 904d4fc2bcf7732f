-- The changes of the period, each once: what a sample is drawn from.
-- Out: event_id, account_id, event_time.
SELECT c.event_id, c.account_id, c.event_time
FROM window_changes c
WHERE c.error_code IS NULL
ORDER BY c.event_time, c.event_id, c.account_id
