-- The days of which there are events, for each source (as in sources.sql), account and region: those of objects' first and last events.
-- Out: source, account_id, aws_region, day (counted from 1970).
SELECT DISTINCT d.source, d.account_id, d.aws_region, CAST(to_unixtime(d.event_time) AS BIGINT) / 86400 AS day
FROM (
  SELECT CASE WHEN strpos(o.object, 'AWSLogs/') > 0 THEN split_part(o.object, 'AWSLogs/', 1) ELSE regexp_replace(o.object, '[^/]*$', '') END AS source,
         o.account_id, o.aws_region, o.first_event_time AS event_time
  FROM objects o
  WHERE o.kind = 'cloudtrail'
  UNION ALL
  SELECT CASE WHEN strpos(o.object, 'AWSLogs/') > 0 THEN split_part(o.object, 'AWSLogs/', 1) ELSE regexp_replace(o.object, '[^/]*$', '') END AS source,
         o.account_id, o.aws_region, o.last_event_time AS event_time
  FROM objects o
  WHERE o.kind = 'cloudtrail'
) d
WHERE d.event_time IS NOT NULL
ORDER BY d.source, d.account_id, d.aws_region, day
