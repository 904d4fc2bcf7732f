-- How fresh the lake is: for each source (what comes before AWSLogs/, or an object's folder), account and region.
-- Out: source, account_id, aws_region; objects, records, rejected records, unread objects (rejected whole, or not to be had); first and
-- last event; delay_seconds and delay_p95_seconds, the time from an object's last event to its delivery that half, and 95 of 100, of the
-- objects of S3 do not exceed.
SELECT s.source, s.account_id, s.aws_region, COUNT(*) AS objects, SUM(s.records) AS records, SUM(s.rejected) AS rejected,
       SUM(CASE WHEN s.state = 'read' THEN 0 ELSE 1 END) AS unread,
       MIN(s.first_event_time) AS first_event_time, MAX(s.last_event_time) AS last_event_time, CAST(MEDIAN(s.delay) AS BIGINT) AS delay_seconds,
       CAST(percentile_cont(0.95) WITHIN GROUP (ORDER BY CAST(s.delay AS DOUBLE)) + 0.5 AS BIGINT) AS delay_p95_seconds
FROM (
  SELECT CASE WHEN strpos(o.object, 'AWSLogs/') > 0 THEN split_part(o.object, 'AWSLogs/', 1) ELSE regexp_replace(o.object, '[^/]*$', '') END AS source,
         o.account_id, o.aws_region, o.state, o.records, o.rejected, o.first_event_time, o.last_event_time,
         CASE WHEN o.object LIKE 's3://%' THEN o.modified / 1000000 - CAST(to_unixtime(o.last_event_time) AS BIGINT) END AS delay
  FROM objects o
  WHERE o.kind = 'cloudtrail'
) s
GROUP BY s.source, s.account_id, s.aws_region
ORDER BY s.source, s.account_id, s.aws_region
