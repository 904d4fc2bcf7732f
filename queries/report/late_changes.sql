-- Changes of the period that came into the lake after a version of `events`: what a report of then could not know.
-- In: $since, $until, $version. Out: as unattributed changes, with the actor.
SELECT a.event_time, a.actor_kind, a.actor_id, a.certainty, a.event_source, a.event_name, a.account_id, a.aws_region, a.event_id
FROM attributed a
WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until
  AND a.ingested_version > $version AND a.changes_something AND a.error_code IS NULL
ORDER BY a.event_time, a.event_id, a.account_id
