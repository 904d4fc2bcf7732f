-- Log objects that are not what CloudTrail delivered, as digests show; none where there are no digests.
-- Out: object_id.
SELECT DISTINCT o.object_id
FROM objects o
WHERE o.integrity IN ('altered', 'unlisted')
ORDER BY o.object_id
