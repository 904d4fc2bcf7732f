-- The period in numbers. People: those who are named, as Identity Center, IAM, root, SAML or OIDC users.
-- Out: one row.
SELECT e.events, w.changes, w.attempts, w.people, w.machines, w.person_changes, w.unattributed, w.accounts, w.privileged_changes
FROM (
  SELECT coalesce(sum(x.calls), 0) AS events
  FROM window_calls x
) e
CROSS JOIN (
  SELECT coalesce(sum(f.calls) FILTER (WHERE f.done), 0) AS changes,
         coalesce(sum(f.calls) FILTER (WHERE NOT f.done), 0) AS attempts,
         count(DISTINCT CASE WHEN f.done AND f.person THEN f.actor_kind || ' ' || f.actor_id END) AS people,
         count(DISTINCT CASE WHEN f.done AND f.actor_kind IN ('pipeline', 'workload', 'aws_service') THEN f.actor_kind || ' ' || f.actor_id END) AS machines,
         coalesce(sum(f.calls) FILTER (WHERE f.done AND f.person), 0) AS person_changes,
         coalesce(sum(f.calls) FILTER (WHERE f.done AND f.certainty IN ('ambiguous', 'claimed', 'unknown')), 0) AS unattributed,
         count(DISTINCT CASE WHEN f.done THEN f.account_id END) AS accounts,
         coalesce(sum(f.calls) FILTER (WHERE f.done AND (f.user_type = 'Root' OR regexp_like(f.permission_set, 'admin|break-?glass|emergency', 'i')
                                       OR regexp_like(split_part(f.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i'))), 0) AS privileged_changes
  -- Folded first: what is asked of each is asked of few.
  FROM (
    SELECT c.error_code IS NULL AS done, c.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user') AS person, c.actor_kind,
           c.actor_id, c.certainty, c.account_id, c.user_type, c.permission_set, c.user_arn, sum(c.calls) AS calls
    FROM window_acts c
    GROUP BY c.error_code IS NULL, c.actor_kind, c.actor_id, c.certainty, c.account_id, c.user_type, c.permission_set, c.user_arn
  ) f
) w
ORDER BY e.events
