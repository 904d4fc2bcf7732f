-- What was read of each account and region that is known from any log, and how much of it falls into the period.
-- In: $since, $until. Out: account_id, aws_region; events of the period, the first and the last; objects with events around the period, records
-- rejected in them, objects of any time that could not be read; the last event of any time.
SELECT k.account_id, k.aws_region, coalesce(e.events, 0) AS events, e.first_event_time, e.last_event_time, k.objects, k.rejected, k.unread,
       k.newest_event_time
FROM (
  SELECT o.account_id, o.aws_region,
         count(DISTINCT CASE WHEN o.state = 'read' AND o.last_event_time >= $since AND o.first_event_time < $until THEN o.object END) AS objects,
         coalesce(sum(CASE WHEN o.last_event_time >= $since AND o.first_event_time < $until THEN o.rejected END), 0) AS rejected,
         count(DISTINCT CASE WHEN o.state <> 'read' AND r.object IS NULL THEN o.object END) AS unread,
         max(o.last_event_time) AS newest_event_time
  FROM objects o
  LEFT JOIN (SELECT DISTINCT x.object FROM objects x WHERE x.state = 'read') r ON r.object = o.object
  WHERE o.kind = 'cloudtrail'
  GROUP BY o.account_id, o.aws_region
) k
LEFT JOIN (
  SELECT w.account_id, w.aws_region, sum(w.calls) AS events, min(w.first_time) AS first_event_time, max(w.last_time) AS last_event_time
  FROM window_calls w
  GROUP BY w.account_id, w.aws_region
) e ON e.account_id = k.account_id AND e.aws_region = k.aws_region
ORDER BY k.account_id, k.aws_region
