-- Changes of the period by people who are named, folded by run: one row for each session, account, region and service.
-- Out: actor_kind, actor_id, certainty; first_time, last_time; account_id, aws_region, event_source, event_names, changes, source_ip_address, event_id.
-- Folded by name and address first: a set of distinct values for each of many runs would take far more memory.
SELECT c.actor_kind, c.actor_id, c.certainty, min(c.first_time) AS first_time, max(c.last_time) AS last_time, c.account_id, c.aws_region, c.event_source,
       array_to_string(array_sort(array_distinct(array_agg(c.event_name))), ' ') AS event_names, sum(c.changes) AS changes,
       CASE WHEN min(c.source_ip_address) = max(c.source_ip_address) THEN min(c.source_ip_address)
            ELSE min(c.source_ip_address) || ' +' || CAST(array_length(array_distinct(array_agg(c.source_ip_address) FILTER (WHERE c.source_ip_address IS NOT NULL))) - 1 AS VARCHAR)
       END AS source_ip_address,
       min(c.event_id) AS event_id
FROM (
  SELECT w.actor_kind, w.actor_id, w.certainty, w.credential_id, w.account_id, w.aws_region, w.event_source, w.event_name, w.source_ip_address,
         min(w.first_time) AS first_time, max(w.last_time) AS last_time, sum(w.calls) AS changes, min(w.event_id) AS event_id
  FROM window_acts w
  WHERE w.error_code IS NULL AND w.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')
  GROUP BY w.actor_kind, w.actor_id, w.certainty, w.credential_id, w.account_id, w.aws_region, w.event_source, w.event_name, w.source_ip_address
) c
GROUP BY c.actor_kind, c.actor_id, c.certainty, c.credential_id, c.account_id, c.aws_region, c.event_source
ORDER BY c.actor_id, first_time, event_id, c.account_id, c.event_source
