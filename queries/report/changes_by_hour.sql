-- Changes of the period by hour.
-- Out: hour (its beginning, UTC), changes, person_changes.
-- Folded by session first: who stands behind one, as `window_changes` has it, is joined to few.
SELECT f.hour, sum(f.calls) AS changes,
       coalesce(sum(f.calls) FILTER (WHERE NOT f.doubted AND d.credential_id IS NULL
                AND coalesce(r.actor_kind, f.actor_kind) IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')), 0) AS person_changes
FROM (
  SELECT date_trunc('hour', o.event_time) AS hour, o.credential_id, o.actor_kind, o.doubted, count(*) AS calls
  FROM window_once o
  WHERE o.error_code IS NULL
  GROUP BY date_trunc('hour', o.event_time), o.credential_id, o.actor_kind, o.doubted
) f
LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
LEFT JOIN doubted_sessions d ON d.credential_id = f.credential_id
GROUP BY f.hour
ORDER BY f.hour
