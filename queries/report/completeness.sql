-- What was read of each account and region that is known from any log, and how much of it falls into the period.
-- In: $since, $until. Out: account_id, aws_region; events of the period, the first and the last; objects with events around the period, the longest that
-- one of them took to come after its last event (delay_minutes, as `delay` has it, begun ones whole), records rejected in them; objects of any time that
-- could not be read; the last event of any time.
SELECT k.account_id, k.aws_region, coalesce(e.events, 0) AS events, e.first_event_time, e.last_event_time, k.objects, k.delay_minutes, k.rejected, k.unread,
       k.newest_event_time
FROM (
  SELECT o.account_id, o.aws_region, count(DISTINCT CASE WHEN o.state = 'read' AND o.around THEN o.object END) AS objects,
         CAST(ceil(max(o.delay) / 60.0) AS BIGINT) AS delay_minutes, coalesce(sum(CASE WHEN o.around THEN o.rejected END), 0) AS rejected,
         count(DISTINCT CASE WHEN o.state <> 'read' AND r.object IS NULL THEN o.object END) AS unread,
         max(o.last_event_time) AS newest_event_time
  FROM (
    SELECT x.account_id, x.aws_region, x.object, x.state, x.rejected, x.last_event_time, x.last_event_time >= $since AND x.first_event_time < $until AS around,
           CASE WHEN x.last_event_time < $since OR x.first_event_time >= $until THEN NULL
                WHEN x.object LIKE 's3://%' THEN x.modified / 1000000
                ELSE CAST(to_unixtime(TRY_CAST(
                  CASE WHEN regexp_like(split_part(x.object, '_', -1), '^[A-Za-z0-9]+\.json(\.gz)?$')
                       THEN regexp_replace(split_part(x.object, '_', -2), '^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})Z$', '\1-\2-\3T\4:\5:00Z') END
                AS TIMESTAMP)) AS BIGINT) END
           - CAST(to_unixtime(x.last_event_time) AS BIGINT) AS delay
    FROM objects x
    WHERE x.kind = 'cloudtrail'
  ) o
  LEFT JOIN (SELECT DISTINCT x.object FROM objects x WHERE x.state = 'read') r ON r.object = o.object
  GROUP BY o.account_id, o.aws_region
) k
LEFT JOIN (
  SELECT w.account_id, w.aws_region, sum(w.calls) AS events, min(w.first_time) AS first_event_time, max(w.last_time) AS last_event_time
  FROM window_calls w
  GROUP BY w.account_id, w.aws_region
) e ON e.account_id = k.account_id AND e.aws_region = k.aws_region
ORDER BY k.account_id, k.aws_region
