-- Accounts and regions of which something that was read could not be understood: a log that is whole and yet not all known. Two records
-- under one event id are understood, and what could not be read is told by its digest.
-- Out: account_id, aws_region.
SELECT DISTINCT o.account_id, o.aws_region
FROM rejects r JOIN objects o ON o.object = r.object
WHERE o.kind = 'cloudtrail' AND r.reason NOT IN ('conflict', 'unreadable')
ORDER BY o.account_id, o.aws_region
