-- How long after their last event the objects with events of the period came into their bucket; objects of S3 alone say.
-- In: $since, $until. Out: bucket (an upper bound in minutes; 999999 for more), objects.
SELECT d.minutes, count(*) AS objects
FROM (
  SELECT CASE WHEN s.delay <= 300 THEN 5 WHEN s.delay <= 600 THEN 10 WHEN s.delay <= 900 THEN 15 WHEN s.delay <= 1800 THEN 30
              WHEN s.delay <= 3600 THEN 60 ELSE 999999 END AS minutes
  FROM (
    SELECT o.modified / 1000000 - CAST(to_unixtime(o.last_event_time) AS BIGINT) AS delay
    FROM objects o
    WHERE o.kind = 'cloudtrail' AND o.object LIKE 's3://%' AND o.modified IS NOT NULL AND o.last_event_time >= $since AND o.first_event_time < $until
  ) s
) d
GROUP BY d.minutes
ORDER BY d.minutes
