-- Days of UTC on which there are events of an account, over the 30 days up to the period's end, as its log objects tell by their first and
-- last event.
-- In: $trend, $until. Out: account_id, day, objects.
SELECT d.account_id, d.day, count(DISTINCT d.object) AS objects
FROM (
  SELECT o.account_id, o.object, CAST(o.first_event_time AS DATE) AS day
  FROM objects o
  WHERE o.kind = 'cloudtrail' AND o.state = 'read' AND o.first_event_time >= date_trunc('day', $trend) AND o.first_event_time < $until
  UNION ALL
  SELECT o.account_id, o.object, CAST(o.last_event_time AS DATE) AS day
  FROM objects o
  WHERE o.kind = 'cloudtrail' AND o.state = 'read' AND o.last_event_time >= date_trunc('day', $trend) AND o.last_event_time < $until
) d
GROUP BY d.account_id, d.day
ORDER BY d.account_id, d.day
