-- Changes by day of UTC, over the 30 days up to the period's end: how surely they are attributed, how many are people's, and how many people that
-- were. Of two accounts' records of one call, before the period, the caller's own account's counts where its logs are here.
-- In: $trend, $since, $until. Out: day, certainty (null: all of the day), changes, person_changes, people.
SELECT t.day, t.certainty, sum(t.changes) AS changes, coalesce(sum(t.changes) FILTER (WHERE t.person IS NOT NULL), 0) AS person_changes,
       count(DISTINCT t.person) AS people
FROM (
  SELECT n.day, n.changes, n.certainty,
         CASE WHEN n.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user') THEN n.actor_kind || ' ' || n.actor_id END AS person
  FROM (
    SELECT w.day, sum(w.calls) AS changes, w.certainty, w.actor_kind, w.actor_id
    FROM window_acts w
    WHERE w.error_code IS NULL
    GROUP BY w.day, w.certainty, w.actor_kind, w.actor_id
    UNION ALL
    -- The days before the period, which are not in memory: folded first, since what is asked of each is then asked of few.
    SELECT f.day, f.changes,
           CASE WHEN (NOT f.doubted AND d.credential_id IS NULL) OR coalesce(r.certainty, f.certainty) = 'unknown' THEN coalesce(r.certainty, f.certainty)
                ELSE 'claimed' END AS certainty,
           CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN 'unknown' WHEN r.credential_id IS NULL THEN f.actor_kind ELSE r.actor_kind END AS actor_kind,
           CASE WHEN r.credential_id IS NULL THEN f.actor_id ELSE r.actor_id END AS actor_id
    FROM (
      SELECT e.dt AS day, e.credential_id, e.certainty, e.actor_kind, e.actor_id, o.object_id IS NOT NULL AS doubted,
             CASE WHEN e.shared_event_id IS NOT NULL AND e.user_account_id <> e.recipient_account_id THEN e.user_account_id END AS copied_from,
             count(*) AS changes
      FROM events e
      LEFT JOIN doubted_objects o ON o.object_id = e.object_id
      WHERE e.dt BETWEEN CAST($trend AS DATE) AND CAST($since AS DATE) AND e.event_time < $since AND NOT coalesce(e.read_only, false)
        AND e.event_source <> 'signin.amazonaws.com' AND e.error_code IS NULL
      GROUP BY 1, 2, 3, 4, 5, 6, 7
    ) f
    LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
    LEFT JOIN doubted_sessions d ON d.credential_id = f.credential_id
    LEFT JOIN (SELECT DISTINCT x.account_id FROM objects x WHERE x.kind = 'cloudtrail' AND x.state = 'read') a ON a.account_id = f.copied_from
    WHERE a.account_id IS NULL
  ) n
) t
GROUP BY GROUPING SETS ((t.day, t.certainty), (t.day))
ORDER BY t.day, t.certainty
