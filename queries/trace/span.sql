-- What the logs could have shown: for each account and region the first and last event read.
-- Out: account_id, aws_region, first_event_time, last_event_time.
SELECT o.account_id, o.aws_region, MIN(o.first_event_time) AS first_event_time, MAX(o.last_event_time) AS last_event_time
FROM objects o
WHERE o.state = 'read' AND o.first_event_time IS NOT NULL
GROUP BY o.account_id, o.aws_region
ORDER BY o.account_id, o.aws_region
