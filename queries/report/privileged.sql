-- Use of privileged rights in the period, by session: root; a permission set, role or user with admin, break-glass or emergency in its name.
-- In: $since, $until. Out: first_time, last_time, actor_kind, actor_id, certainty, means (root, the permission set, or the role's or user's name),
-- account_id; calls, of them changes and failed; event_id, one of them.
SELECT min(a.event_time) AS first_time, max(a.event_time) AS last_time, a.actor_kind, a.actor_id, a.certainty,
       CASE WHEN a.user_type = 'Root' THEN 'root' ELSE coalesce(a.permission_set, split_part(a.user_arn, '/', 2)) END AS means,
       a.account_id, count(*) AS calls,
       count(*) FILTER (WHERE a.changes_something AND a.error_code IS NULL) AS changes,
       count(*) FILTER (WHERE a.error_code IS NOT NULL) AS failed,
       min(a.event_id) AS event_id
FROM attributed a
WHERE a.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND a.event_time >= $since AND a.event_time < $until
  AND (a.user_type = 'Root' OR a.permission_set ILIKE '%admin%' OR regexp_like(split_part(a.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i'))
GROUP BY a.credential_id, a.actor_kind, a.actor_id, a.certainty, a.user_type, a.permission_set, split_part(a.user_arn, '/', 2), a.account_id
ORDER BY first_time, event_id, a.account_id, means
