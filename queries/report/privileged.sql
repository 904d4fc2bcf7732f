-- Use of privileged rights in the period, by session: root; a permission set, role or user with admin, break-glass or emergency in its name. What one
-- sign-in opened is one session, whatever keys the console's pages used; calls with a long-lived key are one. That the console switched to a role is none:
-- what was then done is.
-- In: $since, $until. Out: first_time, last_time, actor_kind, actor_id, certainty, means (root, or the permission set, role or user that bears such a
-- name), account_id; calls, of them changes and failed; event_id, one of them.
SELECT min(p.first_time) AS first_time, max(p.last_time) AS last_time, p.actor_kind, p.actor_id, p.certainty, p.means, p.account_id,
       sum(p.calls) AS calls, sum(CASE WHEN p.changes_something AND NOT p.failed THEN p.calls ELSE 0 END) AS changes,
       sum(CASE WHEN p.failed THEN p.calls ELSE 0 END) AS failed, min(p.event_id) AS event_id
FROM (
  SELECT w.first_time, w.last_time, w.actor_kind, w.actor_id, w.certainty, w.means, w.account_id, w.calls, w.changes_something, w.failed, w.event_id,
         w.user_arn, coalesce(CAST(coalesce(u.opened, w.signed_in) AS VARCHAR), w.credential_id) AS opened
  FROM (
    SELECT c.credential_id, c.first_time, c.last_time, c.actor_kind, c.actor_id, c.certainty, c.account_id, c.calls, c.changes_something, c.failed,
           c.event_id, c.user_arn, c.signed_in,
           CASE WHEN c.user_type = 'Root' THEN 'root'
                WHEN regexp_like(c.permission_set, 'admin|break-?glass|emergency', 'i') THEN c.permission_set
                WHEN regexp_like(split_part(c.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i') THEN split_part(c.user_arn, '/', 2) END AS means
    FROM window_calls c
    WHERE c.signed_in IS NULL OR c.user_type <> 'AssumedRole'
  ) w
  LEFT JOIN (
    SELECT x.credential_id, min(x.creation_date) AS opened
    FROM credentials x
    WHERE x.fact = 'used' AND x.dt BETWEEN CAST($since AS DATE) - INTERVAL '2 days' AND CAST($until AS DATE)
    GROUP BY x.credential_id
  ) u ON u.credential_id = w.credential_id
  WHERE w.means IS NOT NULL
) p
GROUP BY p.opened, p.user_arn, p.actor_kind, p.actor_id, p.certainty, p.means, p.account_id
ORDER BY first_time, event_id, p.account_id, p.means
