-- Who may enter which account by which permission set, as the newest listings before the period's end say, groups by their members; and when that
-- was last done by a session in the lake, since $used_since at the earliest. Of one day's listings the last of each file counts.
-- In: $used_since, $until. Out: permission_set, account_id, actor_id, identity_store_user_id, assigned_by (direct, or groups by name), used (used; never:
-- not since it was granted, which a listing shows to be after `since`; not_since; not_known), last_time (when the last session began), since (from
-- when on logs of the account were looked at), as_of (the listing's day).
WITH listed AS (
  SELECT d.kind, d.id, d.name, d.account_id, d.target_id, d.principal_type, d.principal_id, d.object, d.snapshot_time,
         CAST(d.snapshot_time AS DATE) AS day
  FROM directory d
  WHERE d.snapshot_time < $until AND d.kind IN ('assignment', 'group', 'membership', 'permission_set', 'user')
),
newest AS (SELECT l.kind, max(l.day) AS day FROM listed l GROUP BY l.kind),
last_of_day AS (
  SELECT l.kind, l.object, max(l.snapshot_time) AS snapshot_time
  FROM listed l JOIN newest n ON n.kind = l.kind AND n.day = l.day
  GROUP BY l.kind, l.object
),
held AS (
  SELECT l.kind, l.id, l.name, l.account_id, l.target_id, l.principal_type, l.principal_id, l.day
  FROM listed l JOIN last_of_day x ON x.kind = l.kind AND x.object = l.object AND x.snapshot_time = l.snapshot_time
),
granted AS (
  SELECT a.account_id, a.target_id AS set_arn, a.principal_id AS user_id, a.principal_id AS principal_id, CAST(NULL AS VARCHAR) AS group_id, a.day
  FROM held a
  WHERE a.kind = 'assignment' AND coalesce(a.principal_type, 'USER') <> 'GROUP'
  UNION ALL
  SELECT a.account_id, a.target_id AS set_arn, m.principal_id AS user_id, a.principal_id AS principal_id, a.principal_id AS group_id, a.day
  FROM held a
  LEFT JOIN (SELECT h.target_id, h.principal_id FROM held h WHERE h.kind = 'membership') m ON m.target_id = a.principal_id
  WHERE a.kind = 'assignment' AND a.principal_type = 'GROUP'
),
-- The last day before the grant on which it was listed not to be there: of the assignment, or of the membership.
first_assigned AS (
  SELECT l.account_id, l.target_id AS set_arn, l.principal_id, min(l.day) AS day FROM listed l WHERE l.kind = 'assignment'
  GROUP BY l.account_id, l.target_id, l.principal_id
),
not_assigned AS (
  SELECT f.account_id, f.set_arn, f.principal_id, max(l.day) AS day
  FROM first_assigned f JOIN (SELECT DISTINCT x.day FROM listed x WHERE x.kind = 'assignment') l ON l.day < f.day
  GROUP BY f.account_id, f.set_arn, f.principal_id
),
first_member AS (
  SELECT l.target_id AS group_id, l.principal_id AS user_id, min(l.day) AS day FROM listed l WHERE l.kind = 'membership'
  GROUP BY l.target_id, l.principal_id
),
not_member AS (
  SELECT f.group_id, f.user_id, max(l.day) AS day
  FROM first_member f JOIN (SELECT DISTINCT x.day FROM listed x WHERE x.kind = 'membership') l ON l.day < f.day
  GROUP BY f.group_id, f.user_id
),
grants AS (
  SELECT g.account_id, g.set_arn, g.user_id, max(g.day) AS as_of,
         CASE WHEN g.user_id IS NULL THEN min(g.group_id) END AS group_id,
         array_to_string(array_sort(array_agg(DISTINCT CASE WHEN g.group_id IS NULL THEN 'direct' ELSE coalesce(n.name, g.group_id) END)), ' ') AS assigned_by,
         min(coalesce(greatest(a.day, m.day), DATE '1970-01-01')) AS absent_day
  FROM granted g
  LEFT JOIN (SELECT h.id, max(h.name) AS name FROM held h WHERE h.kind = 'group' GROUP BY h.id) n ON n.id = g.group_id
  LEFT JOIN not_assigned a ON a.account_id = g.account_id AND a.set_arn = g.set_arn AND a.principal_id = g.principal_id
  LEFT JOIN not_member m ON m.group_id = g.group_id AND m.user_id = g.user_id
  GROUP BY g.account_id, g.set_arn, g.user_id, CASE WHEN g.user_id IS NULL THEN g.group_id END
),
one_name AS (
  SELECT n.name, min(n.id) AS user_id
  FROM (SELECT DISTINCT d.name, d.id FROM directory d WHERE d.kind = 'user' AND d.name IS NOT NULL) n
  GROUP BY n.name
  HAVING count(*) = 1
),
-- Sessions that Identity Center opened. Only it may take roles of that path, and it writes the session's name and the user's id.
opened AS (
  SELECT c.credential_id, min(c.session_issuer_account_id) AS account_id,
         min(regexp_replace(c.session_issuer_arn, '^.*/AWSReservedSSO_(.+)_[0-9a-f]{16}$', '\1')) AS permission_set,
         max(c.on_behalf_of_user_id) AS user_id, max(split_part(c.user_arn, '/', 3)) AS user_name, max(c.creation_date) AS creation_date
  FROM credentials c
  WHERE c.fact = 'used' AND c.session_issuer_arn LIKE '%:role/aws-reserved/sso.amazonaws.com/%'
    AND c.dt BETWEEN CAST($used_since AS DATE) AND CAST($until AS DATE) AND c.creation_date >= $used_since AND c.creation_date < $until
  GROUP BY c.credential_id
),
uses AS (
  SELECT o.account_id, o.permission_set, coalesce(o.user_id, n.user_id) AS user_id, max(o.creation_date) AS last_time
  FROM opened o
  LEFT JOIN one_name n ON n.name = o.user_name
  LEFT JOIN doubted_sessions d ON d.credential_id = o.credential_id
  WHERE d.credential_id IS NULL
  GROUP BY o.account_id, o.permission_set, coalesce(o.user_id, n.user_id)
),
logs AS (
  SELECT o.account_id, greatest(min(o.first_event_time), $used_since) AS since
  FROM objects o
  WHERE o.kind = 'cloudtrail' AND o.state = 'read' AND o.first_event_time < $until
  GROUP BY o.account_id
)
SELECT coalesce(p.name, g.set_arn) AS permission_set, g.account_id, coalesce(n.name, g.user_id, g.group_id) AS actor_id,
       g.user_id AS identity_store_user_id, g.assigned_by,
       CASE WHEN s.last_time IS NOT NULL THEN 'used'
            -- A group whose members are not listed, a permission set without a name, an account without a log, a session that may be anybody's.
            WHEN g.user_id IS NULL OR p.name IS NULL OR w.since IS NULL OR x.last_time IS NOT NULL THEN 'not_known'
            WHEN CAST(g.absent_day AS TIMESTAMP) >= CAST(w.since AS TIMESTAMP) THEN 'never'
            ELSE 'not_since' END AS used,
       s.last_time, w.since, g.as_of
FROM grants g
LEFT JOIN (SELECT h.id, max(h.name) AS name FROM held h WHERE h.kind = 'permission_set' GROUP BY h.id) p ON p.id = g.set_arn
LEFT JOIN (SELECT h.id, max(h.name) AS name FROM held h WHERE h.kind = 'user' GROUP BY h.id) n ON n.id = g.user_id
LEFT JOIN uses s ON s.account_id = g.account_id AND s.permission_set = p.name AND s.user_id = g.user_id
LEFT JOIN uses x ON x.account_id = g.account_id AND x.permission_set = p.name AND x.user_id IS NULL
LEFT JOIN logs w ON w.account_id = g.account_id
WHERE g.user_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM listed l WHERE l.kind = 'membership')
ORDER BY permission_set, g.account_id, actor_id, identity_store_user_id, g.assigned_by
