-- Which objects of an account's log in a region could not be read, and still were not.
-- In: $account, $region. Out: object.
SELECT DISTINCT o.object
FROM objects o
WHERE o.account_id = $account AND o.aws_region = $region AND o.state IN ('rejected', 'unreadable')
  AND NOT EXISTS (SELECT 1 FROM objects r WHERE r.object = o.object AND r.state = 'read')
ORDER BY o.object
