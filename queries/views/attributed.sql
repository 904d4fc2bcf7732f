-- Events with who stands behind them today, as far as digests let them be believed: nothing that rests on an altered or unlisted object is
-- better than `claimed`. Reads `doubted_objects` (object_id) and `doubted_sessions` (credential_id), which whodid works out.
-- A call changes something if it does more than read and is no part of a sign-in, which has a table of its own in reports.
-- Out: what reports read of `changes`, with the actor and certainty that are left.
SELECT c.event_id, c.event_time, c.dt, c.event_source, c.event_name, c.aws_region, c.recipient_account_id AS account_id, c.source_ip_address,
       c.user_agent, c.invoked_by, c.error_code, c.read_only,
       NOT coalesce(c.read_only, false) AND c.event_source <> 'signin.amazonaws.com' AS changes_something, c.shared_event_id, c.user_type, c.user_arn, c.user_account_id, c.access_key_id, c.credential_id,
       CASE WHEN o.object_id IS NULL AND d.credential_id IS NULL THEN c.actor_kind ELSE 'unknown' END AS actor_kind,
       CASE WHEN o.object_id IS NULL AND d.credential_id IS NULL THEN c.actor_id END AS actor_id,
       CASE WHEN o.object_id IS NULL AND d.credential_id IS NULL THEN c.actor_account_id END AS actor_account_id,
       CASE WHEN (o.object_id IS NULL AND d.credential_id IS NULL) OR c.certainty = 'unknown' THEN c.certainty ELSE 'claimed' END AS certainty,
       c.permission_set, c.source_identity, c.request_parameters, c.additional_event_data, c.object, c.record, c.object_sha256, c.ingested_version
FROM changes c
LEFT JOIN doubted_objects o ON o.object_id = c.object_id
LEFT JOIN doubted_sessions d ON d.credential_id = c.credential_id
