-- What rules took in the period, and what became of it: an alert that another one names the person of is left out for that one.
-- In: $since, $until. Out: time, rule, level, actor_kind, actor_id, certainty, account_id, instance_id, command, disposition, suppressed_by, delay_seconds (from act to
-- alert), alert_id, event_id, session_id.
SELECT a.time, a.rule, a.level, a.actor_kind, a.actor_id, a.certainty, a.account_id, a.instance_id, a.command, a.disposition, a.suppressed_by,
       CAST(to_unixtime(a.noted) AS BIGINT) - CAST(to_unixtime(a.time) AS BIGINT) AS delay_seconds, a.alert_id, a.event_id, a.session_id
FROM alerts a
LEFT JOIN (SELECT DISTINCT u.update_of FROM alerts u WHERE u.update_of IS NOT NULL) n ON n.update_of = a.alert_id
WHERE a.time >= $since AND a.time < $until AND n.update_of IS NULL
ORDER BY a.time, a.rule, a.alert_id
