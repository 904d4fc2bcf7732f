-- How long after their last event the objects with events of the period came: of a bucket as S3 says, elsewhere by the minute that CloudTrail wrote
-- into their names; others do not say.
-- In: $since, $until. Out: minutes (an upper bound; 999999 for more), objects.
SELECT d.minutes, count(*) AS objects
FROM (
  SELECT CASE WHEN s.delay <= 300 THEN 5 WHEN s.delay <= 600 THEN 10 WHEN s.delay <= 900 THEN 15 WHEN s.delay <= 1800 THEN 30
              WHEN s.delay <= 3600 THEN 60 ELSE 999999 END AS minutes
  FROM (
    SELECT CASE WHEN o.object LIKE 's3://%' THEN o.modified / 1000000
                ELSE CAST(to_unixtime(TRY_CAST(
                  CASE WHEN regexp_like(split_part(o.object, '_', -1), '^[A-Za-z0-9]+\.json(\.gz)?$')
                       THEN regexp_replace(split_part(o.object, '_', -2), '^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})Z$', '\1-\2-\3T\4:\5:00Z') END
                AS TIMESTAMP)) AS BIGINT) END
           - CAST(to_unixtime(o.last_event_time) AS BIGINT) AS delay
    FROM objects o
    WHERE o.kind = 'cloudtrail' AND o.last_event_time >= $since AND o.first_event_time < $until
  ) s
  WHERE s.delay IS NOT NULL
) d
GROUP BY d.minutes
ORDER BY d.minutes
