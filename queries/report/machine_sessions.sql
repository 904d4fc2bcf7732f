-- Changes of the period by workloads and services, folded by session, place, service and, of services, call; the busiest first.
-- Out: actor_kind, actor_id, credential_id, account_id, aws_region, event_source, event_names, changes, first_time, last_time; first_event and last_event: the
-- ids of the first and the last of them.
SELECT c.actor_kind, c.actor_id, c.credential_id, c.account_id, c.aws_region, c.event_source,
       array_to_string(array_sort(array_agg(DISTINCT c.event_name)), ' ') AS event_names, count(*) AS changes,
       min(c.event_time) AS first_time, max(c.event_time) AS last_time,
       split_part(min(CAST(c.event_time AS VARCHAR) || ' ' || c.event_id), ' ', 2) AS first_event,
       split_part(max(CAST(c.event_time AS VARCHAR) || ' ' || c.event_id), ' ', 2) AS last_event
FROM window_changes c
WHERE c.error_code IS NULL AND c.actor_kind IN ('workload', 'aws_service')
GROUP BY c.actor_kind, c.actor_id, c.credential_id, c.account_id, c.aws_region, c.event_source,
         CASE WHEN c.actor_kind = 'aws_service' THEN c.event_name END
ORDER BY changes DESC, first_time, first_event, c.account_id
