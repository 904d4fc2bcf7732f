-- The same by day of UTC, over the 30 days up to the period's end, with the people named. Copies of one call in two accounts count as often
-- as they were recorded.
-- In: $trend, $until. Out: day, certainty, changes.
SELECT a.dt AS day, a.certainty, count(*) AS changes
FROM attributed a
WHERE a.dt BETWEEN CAST($trend AS DATE) AND CAST($until AS DATE) AND a.event_time < $until AND a.changes_something AND a.error_code IS NULL
GROUP BY a.dt, a.certainty
ORDER BY day, a.certainty
