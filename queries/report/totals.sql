-- The period in numbers. People: those who are named, as Identity Center, IAM, root, SAML or OIDC users.
-- Out: one row.
SELECT e.events, w.changes, w.attempts, w.people, w.machines, w.person_changes, w.unattributed, w.accounts, w.privileged_changes
FROM (
  SELECT coalesce(sum(x.calls), 0) AS events
  FROM window_calls x
) e
CROSS JOIN (
  SELECT count(*) FILTER (WHERE c.error_code IS NULL) AS changes,
         count(*) FILTER (WHERE c.error_code IS NOT NULL) AS attempts,
         count(DISTINCT CASE WHEN c.error_code IS NULL AND c.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')
                             THEN c.actor_kind || ' ' || c.actor_id END) AS people,
         count(DISTINCT CASE WHEN c.error_code IS NULL AND c.actor_kind IN ('pipeline', 'workload', 'aws_service')
                             THEN c.actor_kind || ' ' || c.actor_id END) AS machines,
         count(*) FILTER (WHERE c.error_code IS NULL AND c.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')) AS person_changes,
         count(*) FILTER (WHERE c.error_code IS NULL AND c.certainty IN ('ambiguous', 'claimed', 'unknown')) AS unattributed,
         count(DISTINCT CASE WHEN c.error_code IS NULL THEN c.account_id END) AS accounts,
         count(*) FILTER (WHERE c.error_code IS NULL AND (c.user_type = 'Root' OR c.permission_set ILIKE '%admin%'
                          OR regexp_like(split_part(c.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i'))) AS privileged_changes
  FROM window_changes c
) w
ORDER BY e.events
