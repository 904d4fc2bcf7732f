-- What could not be understood, of objects with events around the period and of those that say no time.
-- In: $since, $until. Out: reason, inputs, objects, example (one of them).
SELECT r.reason, count(*) AS inputs, count(DISTINCT r.object) AS objects, min(r.object) AS example
FROM rejects r
LEFT JOIN (
  SELECT o.object, min(o.first_event_time) AS first_event_time, max(o.last_event_time) AS last_event_time FROM objects o GROUP BY o.object
) k ON k.object = r.object
WHERE k.first_event_time IS NULL OR (k.last_event_time >= $since AND k.first_event_time < $until)
GROUP BY r.reason
ORDER BY r.reason
