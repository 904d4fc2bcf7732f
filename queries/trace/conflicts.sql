-- Records that gave way to another one under their event id.
-- Out: event_id, recipient_account_id; where the record lies.
SELECT r.event_id, r.recipient_account_id, r.object, r.object_sha256, r.record
FROM rejects r
WHERE r.reason = 'conflict'
ORDER BY r.event_id, r.recipient_account_id, r.object, r.record
