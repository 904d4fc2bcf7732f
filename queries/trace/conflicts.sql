-- Event ids that stand in the logs with two contents; the one that is not kept.
-- Out: event_id, recipient_account_id, fingerprint.
SELECT r.event_id, r.recipient_account_id, r.fingerprint
FROM rejects r
WHERE r.reason = 'conflict'
ORDER BY r.event_id, r.recipient_account_id, r.fingerprint
