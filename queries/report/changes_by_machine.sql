-- Changes of the period by pipelines, workloads and services, folded: one row for each of them, account, region and service called.
-- Out: as of people, without the address.
-- Folded by name first: a set of distinct values for each would take far more memory.
SELECT c.actor_kind, c.actor_id, c.certainty, min(c.first_time) AS first_time, max(c.last_time) AS last_time, c.account_id, c.aws_region, c.event_source,
       array_to_string(array_sort(array_distinct(array_agg(c.event_name))), ' ') AS event_names, sum(c.changes) AS changes, min(c.event_id) AS event_id
FROM (
  SELECT w.actor_kind, w.actor_id, w.certainty, w.account_id, w.aws_region, w.event_source, w.event_name, min(w.first_time) AS first_time,
         max(w.last_time) AS last_time, sum(w.calls) AS changes, min(w.event_id) AS event_id
  FROM window_acts w
  WHERE w.error_code IS NULL AND w.actor_kind IN ('pipeline', 'workload', 'aws_service')
  GROUP BY w.actor_kind, w.actor_id, w.certainty, w.account_id, w.aws_region, w.event_source, w.event_name
) c
GROUP BY c.actor_kind, c.actor_id, c.certainty, c.account_id, c.aws_region, c.event_source
ORDER BY c.actor_kind, c.actor_id, first_time, event_id, c.account_id, c.event_source
