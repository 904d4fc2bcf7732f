-- Use of privileged rights in the period, by session: root; a permission set, role or user with admin, break-glass or emergency in its name.
-- Out: first_time, last_time, actor_kind, actor_id, certainty, means (root, or the permission set, role or user that bears such a name), account_id;
-- calls, of them changes and failed; event_id, one of them.
SELECT min(w.first_time) AS first_time, max(w.last_time) AS last_time, w.actor_kind, w.actor_id, w.certainty, w.means, w.account_id,
       sum(w.calls) AS calls, sum(CASE WHEN w.changes_something AND NOT w.failed THEN w.calls ELSE 0 END) AS changes,
       sum(CASE WHEN w.failed THEN w.calls ELSE 0 END) AS failed, min(w.event_id) AS event_id
FROM (
  SELECT c.credential_id, c.first_time, c.last_time, c.actor_kind, c.actor_id, c.certainty, c.account_id, c.calls, c.changes_something, c.failed, c.event_id,
         CASE WHEN c.user_type = 'Root' THEN 'root'
              WHEN regexp_like(c.permission_set, 'admin|break-?glass|emergency', 'i') THEN c.permission_set
              WHEN regexp_like(split_part(c.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i') THEN split_part(c.user_arn, '/', 2) END AS means
  FROM window_calls c
) w
WHERE w.means IS NOT NULL
GROUP BY w.credential_id, w.actor_kind, w.actor_id, w.certainty, w.means, w.account_id
ORDER BY first_time, event_id, w.account_id, w.means
