-- Changes of the period by people who are named, folded by run: one row for each session, account, region and service.
-- Out: actor_kind, actor_id, certainty; first_time, last_time; account_id, aws_region, event_source, event_names, changes, source_ip_address, event_id.
SELECT c.actor_kind, c.actor_id, c.certainty, min(c.event_time) AS first_time, max(c.event_time) AS last_time, c.account_id, c.aws_region, c.event_source,
       array_to_string(array_sort(array_agg(DISTINCT c.event_name)), ' ') AS event_names, count(*) AS changes,
       CASE WHEN min(c.source_ip_address) = max(c.source_ip_address) THEN min(c.source_ip_address)
            ELSE min(c.source_ip_address) || ' +' || CAST(count(DISTINCT c.source_ip_address) - 1 AS VARCHAR) END AS source_ip_address,
       min(c.event_id) AS event_id
FROM window_changes c
WHERE c.error_code IS NULL AND c.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')
GROUP BY c.actor_kind, c.actor_id, c.certainty, c.credential_id, c.account_id, c.aws_region, c.event_source
ORDER BY c.actor_id, first_time, event_id, c.account_id, c.event_source
