-- Use of privileged rights in the period, by session: root; a permission set, role or user with admin, break-glass or emergency in its name.
-- Out: first_time, last_time, actor_kind, actor_id, certainty, means (root, the permission set, or the role's or user's name), account_id; calls,
-- of them changes and failed; event_id, one of them.
SELECT min(w.first_time) AS first_time, max(w.last_time) AS last_time, w.actor_kind, w.actor_id, w.certainty,
       CASE WHEN w.user_type = 'Root' THEN 'root' ELSE coalesce(w.permission_set, split_part(w.user_arn, '/', 2)) END AS means,
       w.account_id, sum(w.calls) AS calls, sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes,
       sum(CASE WHEN w.failed THEN w.calls ELSE 0 END) AS failed, min(w.event_id) AS event_id
FROM window_calls w
WHERE w.user_type = 'Root' OR w.permission_set ILIKE '%admin%' OR regexp_like(split_part(w.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i')
GROUP BY w.credential_id, w.actor_kind, w.actor_id, w.certainty, w.user_type, w.permission_set, split_part(w.user_arn, '/', 2), w.account_id
ORDER BY first_time, event_id, w.account_id, means
