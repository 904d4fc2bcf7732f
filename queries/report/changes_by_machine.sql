-- Changes of the period by pipelines, workloads and services, folded: one row for each of them, account, region and service called.
-- Out: as of people, without the address.
SELECT c.actor_kind, c.actor_id, c.certainty, min(c.event_time) AS first_time, max(c.event_time) AS last_time, c.account_id, c.aws_region, c.event_source,
       array_to_string(array_sort(array_agg(DISTINCT c.event_name)), ' ') AS event_names, count(*) AS changes, min(c.event_id) AS event_id
FROM window_changes c
WHERE c.error_code IS NULL AND c.actor_kind IN ('pipeline', 'workload', 'aws_service')
GROUP BY c.actor_kind, c.actor_id, c.certainty, c.account_id, c.aws_region, c.event_source
ORDER BY c.actor_kind, c.actor_id, first_time, event_id, c.account_id, c.event_source
