-- Calls of the period that would change something, done or failed, each once. What other queries of a report read as the table `window_changes`,
-- which has no order; those that fold it read `window_acts`.
-- Reads `window_once`. Out: one row a call, with who stands behind it.
SELECT o.event_id, o.event_time, o.event_source, o.event_name, o.aws_region, o.account_id, o.source_ip_address, o.error_code, o.user_type,
       o.user_arn, o.credential_id,
       CASE WHEN o.doubted OR d.credential_id IS NOT NULL THEN 'unknown' ELSE coalesce(r.actor_kind, o.actor_kind) END AS actor_kind,
       CASE WHEN o.doubted OR d.credential_id IS NOT NULL THEN NULL WHEN r.credential_id IS NULL THEN o.actor_id ELSE r.actor_id END AS actor_id,
       CASE WHEN (NOT o.doubted AND d.credential_id IS NULL) OR coalesce(r.certainty, o.certainty) = 'unknown' THEN coalesce(r.certainty, o.certainty)
            ELSE 'claimed' END AS certainty,
       CASE WHEN r.credential_id IS NULL THEN o.permission_set ELSE r.permission_set END AS permission_set
FROM window_once o
LEFT JOIN resolved_credentials r ON r.credential_id = o.credential_id
LEFT JOIN doubted_sessions d ON d.credential_id = o.credential_id
