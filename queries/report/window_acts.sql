-- Calls of the period that would change something, done or failed, folded: one row for a day, session, account, region, call, address and error. What
-- queries of a report that fold changes further read as the table `window_acts`; who stands behind a session is joined to the few rows that are left.
-- Reads `window_acts_folded`. Out: as below; day, of UTC; event_id, one of the calls.
SELECT f.day, f.credential_id, f.account_id, f.aws_region, f.event_source, f.event_name, f.source_ip_address, f.error_code, f.user_type, f.user_arn,
       f.calls, f.first_time, f.last_time, f.event_id,
       CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN 'unknown' ELSE coalesce(r.actor_kind, f.actor_kind) END AS actor_kind,
       CASE WHEN f.doubted OR d.credential_id IS NOT NULL THEN NULL WHEN r.credential_id IS NULL THEN f.actor_id ELSE r.actor_id END AS actor_id,
       CASE WHEN (NOT f.doubted AND d.credential_id IS NULL) OR coalesce(r.certainty, f.certainty) = 'unknown' THEN coalesce(r.certainty, f.certainty)
            ELSE 'claimed' END AS certainty,
       CASE WHEN r.credential_id IS NULL THEN f.permission_set ELSE r.permission_set END AS permission_set
FROM window_acts_folded f
LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
LEFT JOIN doubted_sessions d ON d.credential_id = f.credential_id
