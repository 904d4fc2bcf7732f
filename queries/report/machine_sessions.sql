-- Changes of the period by workloads and services, folded by session, place, service and, of services, call; the busiest first.
-- Out: actor_kind, actor_id, credential_id, account_id, aws_region, event_source, event_names, changes, first_time, last_time; first_event and last_event: the
-- ids of the first and the last of them.
-- Folded by name first: a set of distinct values for each would take far more memory.
SELECT c.actor_kind, c.actor_id, c.credential_id, c.account_id, c.aws_region, c.event_source,
       array_to_string(array_sort(array_distinct(array_agg(c.event_name))), ' ') AS event_names, sum(c.changes) AS changes,
       min(c.first_time) AS first_time, max(c.last_time) AS last_time, split_part(min(c.first), ' ', 2) AS first_event,
       split_part(max(c.last), ' ', 2) AS last_event
FROM (
  SELECT w.actor_kind, w.actor_id, w.credential_id, w.account_id, w.aws_region, w.event_source, w.event_name, count(*) AS changes,
         min(w.event_time) AS first_time, max(w.event_time) AS last_time, min(CAST(w.event_time AS VARCHAR) || ' ' || w.event_id) AS first,
         max(CAST(w.event_time AS VARCHAR) || ' ' || w.event_id) AS last
  FROM window_changes w
  WHERE w.error_code IS NULL AND w.actor_kind IN ('workload', 'aws_service')
  GROUP BY w.actor_kind, w.actor_id, w.credential_id, w.account_id, w.aws_region, w.event_source, w.event_name
) c
GROUP BY c.actor_kind, c.actor_id, c.credential_id, c.account_id, c.aws_region, c.event_source,
         CASE WHEN c.actor_kind = 'aws_service' THEN c.event_name END
ORDER BY changes DESC, first_time, first_event, c.account_id
