-- Alerts by day of UTC, over the 30 days up to the period's end, without those that were suppressed or that another one names the person of.
-- In: $trend, $until. Out: day, alerts.
SELECT CAST(a.time AS DATE) AS day, count(*) AS alerts
FROM alerts a
LEFT JOIN (SELECT DISTINCT u.update_of FROM alerts u WHERE u.update_of IS NOT NULL) n ON n.update_of = a.alert_id
WHERE a.time >= date_trunc('day', $trend) AND a.time < $until AND n.update_of IS NULL AND coalesce(a.disposition, '') <> 'suppressed'
GROUP BY 1
ORDER BY day
