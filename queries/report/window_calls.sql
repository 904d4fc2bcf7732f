-- Calls of the period, of every kind, folded: one row for a day, session, account, region, address, program, and what came of it. What the other
-- queries of a report read as the table `window_calls`; who stands behind a session is joined to the few rows that are left.
-- In: $since, $until. Out: as below; day, of UTC; `direct`: made by the caller and not by a service in its name; signed_in, when a user or role
-- entered the console, each time a row of its own; event_id, one of the calls.
SELECT f.day, f.credential_id, f.account_id, f.aws_region, f.user_type, f.user_arn, f.user_account_id, f.access_key_id, f.source_ip_address, f.user_agent,
       f.direct, f.failed, f.changes_something, f.signed_in, f.calls, f.first_time, f.last_time, f.event_id,
       CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN 'unknown' WHEN r.credential_id IS NULL THEN f.actor_kind ELSE r.actor_kind END AS actor_kind,
       CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN NULL WHEN r.credential_id IS NULL THEN f.actor_id ELSE r.actor_id END AS actor_id,
       CASE WHEN (NOT f.doubted AND d.credential_id IS NULL) OR coalesce(r.certainty, f.certainty) = 'unknown' THEN coalesce(r.certainty, f.certainty)
            ELSE 'claimed' END AS certainty,
       CASE WHEN r.credential_id IS NULL THEN f.permission_set ELSE r.permission_set END AS permission_set
FROM (
  SELECT e.dt AS day, e.credential_id, e.recipient_account_id AS account_id, e.aws_region, e.user_type, e.user_arn, e.user_account_id, e.access_key_id,
         e.source_ip_address, e.user_agent, e.invoked_by IS NULL AS direct, e.error_code IS NOT NULL AS failed,
         NOT coalesce(e.read_only, false) AND e.event_source <> 'signin.amazonaws.com' AS changes_something, o.object_id IS NOT NULL AS doubted,
         CASE WHEN e.event_source = 'signin.amazonaws.com' AND e.error_message IS NULL AND e.user_type IN ('Root', 'IAMUser', 'AssumedRole')
              THEN e.event_time END AS signed_in,
         e.actor_kind, e.actor_id, e.certainty, e.permission_set,
         count(*) AS calls, min(e.event_time) AS first_time, max(e.event_time) AS last_time, min(e.event_id) AS event_id
  FROM events e
  LEFT JOIN doubted_objects o ON o.object_id = e.object_id
  WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
) f
LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
LEFT JOIN doubted_sessions d ON d.credential_id = f.credential_id
