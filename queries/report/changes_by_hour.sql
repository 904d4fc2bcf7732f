-- Changes of the period by hour.
-- Out: hour (its beginning, UTC), changes, person_changes.
SELECT date_trunc('hour', c.event_time) AS hour, count(*) AS changes,
       count(*) FILTER (WHERE c.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')) AS person_changes
FROM window_changes c
WHERE c.error_code IS NULL
GROUP BY date_trunc('hour', c.event_time)
ORDER BY hour
