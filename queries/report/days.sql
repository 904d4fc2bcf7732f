-- Days of UTC on which there are events of an account, over the 30 days up to the period's end.
-- In: $trend, $until. Out: account_id, day, events.
SELECT e.recipient_account_id AS account_id, e.dt AS day, count(*) AS events
FROM events e
WHERE e.dt BETWEEN CAST($trend AS DATE) AND CAST($until AS DATE) AND e.event_time < $until
GROUP BY e.recipient_account_id, e.dt
ORDER BY account_id, day
