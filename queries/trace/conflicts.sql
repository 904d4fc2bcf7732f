-- Event ids that stand in the logs with two contents.
-- Out: event_id, recipient_account_id.
SELECT DISTINCT r.event_id, r.recipient_account_id
FROM rejects r
WHERE r.reason = 'conflict'
ORDER BY r.event_id, r.recipient_account_id
