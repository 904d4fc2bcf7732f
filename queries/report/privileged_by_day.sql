-- Sessions with privileged rights, as `privileged` has them, by day of UTC on which they made a call, over the 30 days up to the period's end.
-- In: $trend, $since, $until. Out: day, sessions.
SELECT s.day, count(*) AS sessions
FROM (
  SELECT DISTINCT w.day, w.account_id, w.user_arn, w.means, coalesce(CAST(coalesce(u.opened, w.signed_in) AS VARCHAR), w.credential_id) AS opened
  FROM (
    SELECT c.day, c.credential_id, c.account_id, c.user_arn, c.signed_in,
           CASE WHEN c.user_type = 'Root' THEN 'root'
                WHEN regexp_like(c.permission_set, 'admin|break-?glass|emergency', 'i') THEN c.permission_set
                WHEN regexp_like(split_part(c.user_arn, '/', 2), 'admin|break-?glass|emergency', 'i') THEN split_part(c.user_arn, '/', 2) END AS means
    FROM (
      SELECT x.day, x.credential_id, x.account_id, x.user_type, x.user_arn, x.permission_set, x.signed_in
      FROM window_calls x
      UNION ALL
      -- The days before the period, folded before anything is looked at.
      SELECT f.day, f.credential_id, f.account_id, f.user_type, f.user_arn,
             CASE WHEN r.credential_id IS NULL THEN f.permission_set ELSE r.permission_set END AS permission_set, f.signed_in
      FROM (
        SELECT DISTINCT e.dt AS day, e.credential_id, e.recipient_account_id AS account_id, e.user_type, e.user_arn, e.permission_set,
               CASE WHEN e.event_source = 'signin.amazonaws.com' AND e.error_message IS NULL AND e.user_type IN ('Root', 'IAMUser', 'AssumedRole')
                    THEN e.event_time END AS signed_in
        FROM events e
        WHERE e.dt BETWEEN CAST($trend AS DATE) AND CAST($since AS DATE) AND e.event_time < $since
      ) f
      LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
    ) c
    WHERE c.signed_in IS NULL OR c.user_type <> 'AssumedRole'
  ) w
  LEFT JOIN (
    SELECT x.credential_id, min(x.creation_date) AS opened
    FROM credentials x
    WHERE x.fact = 'used' AND x.dt BETWEEN CAST($trend AS DATE) - INTERVAL '2 days' AND CAST($until AS DATE)
    GROUP BY x.credential_id
  ) u ON u.credential_id = w.credential_id
  WHERE w.means IS NOT NULL
) s
GROUP BY s.day
ORDER BY s.day
