-- Accounts and regions of which a log object, or a record of one, could not be understood or read.
-- Out: account_id, aws_region.
SELECT DISTINCT o.account_id, o.aws_region
FROM objects o
WHERE o.kind = 'cloudtrail' AND (o.state <> 'read' OR o.rejected > 0)
ORDER BY o.account_id, o.aws_region
