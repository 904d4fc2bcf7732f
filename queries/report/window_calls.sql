-- Calls of the period, of every kind, folded: one row for a day, session, account, region, address, program, and what came of it. What the other
-- queries of a report read as the table `window_calls`; who stands behind a session is joined to the few rows that are left.
-- Reads `window_folded`. Out: as below; day, of UTC; `direct`: made by the caller and not by a service in its name; signed_in, when a user or role
-- entered the console, each time a row of its own; event_id, one of the calls.
SELECT f.day, f.credential_id, f.account_id, f.aws_region, f.user_type, f.user_arn, f.user_account_id, f.access_key_id, f.source_ip_address, f.user_agent,
       f.direct, f.failed, f.changes_something, f.signed_in, f.calls, f.first_time, f.last_time, f.event_id,
       CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN 'unknown' WHEN r.credential_id IS NULL THEN f.actor_kind ELSE r.actor_kind END AS actor_kind,
       CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN NULL WHEN r.credential_id IS NULL THEN f.actor_id ELSE r.actor_id END AS actor_id,
       CASE WHEN (NOT f.doubted AND d.credential_id IS NULL) OR coalesce(r.certainty, f.certainty) = 'unknown' THEN coalesce(r.certainty, f.certainty)
            ELSE 'claimed' END AS certainty,
       CASE WHEN r.credential_id IS NULL THEN f.permission_set ELSE r.permission_set END AS permission_set
FROM window_folded f
LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
LEFT JOIN doubted_sessions d ON d.credential_id = f.credential_id
