-- Log objects that are not what CloudTrail delivered, as digests show; none where there are no digests.
-- Out: object, sha256.
SELECT DISTINCT o.object, o.sha256
FROM objects o
WHERE o.integrity IN ('altered', 'unlisted')
ORDER BY o.object, o.sha256
