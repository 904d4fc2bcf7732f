-- Events with who stands behind them today, as far as digests let them be believed: nothing that rests on an altered or unlisted object is
-- better than `claimed`. Reads `doubted_objects` (object_id) and `doubted_sessions` (credential_id), which whodid works out; and
-- of `resolved_credentials` only what is told of an actor, as `changes` does.
-- A call changes something if it does more than read and is no part of a sign-in, which has a table of its own in reports.
-- Out: what reports read of a call, with the actor and certainty that are left.
SELECT e.event_id, e.event_time, e.dt, e.event_source, e.event_name, e.aws_region, e.recipient_account_id AS account_id, e.source_ip_address,
       e.user_agent, e.invoked_by, e.error_code, e.read_only,
       NOT coalesce(e.read_only, false) AND e.event_source <> 'signin.amazonaws.com' AS changes_something, e.shared_event_id, e.user_type, e.user_arn,
       e.user_account_id, e.access_key_id, e.credential_id,
       CASE WHEN o.object_id IS NULL AND d.credential_id IS NULL THEN coalesce(r.actor_kind, e.actor_kind) ELSE 'unknown' END AS actor_kind,
       CASE WHEN o.object_id IS NULL AND d.credential_id IS NULL
            THEN CASE WHEN r.credential_id IS NULL THEN e.actor_id ELSE r.actor_id END END AS actor_id,
       CASE WHEN o.object_id IS NULL AND d.credential_id IS NULL
            THEN CASE WHEN r.credential_id IS NULL THEN e.actor_account_id ELSE r.actor_account_id END END AS actor_account_id,
       CASE WHEN (o.object_id IS NULL AND d.credential_id IS NULL) OR coalesce(r.certainty, e.certainty) = 'unknown'
            THEN coalesce(r.certainty, e.certainty) ELSE 'claimed' END AS certainty,
       CASE WHEN r.credential_id IS NULL THEN e.permission_set ELSE r.permission_set END AS permission_set,
       CASE WHEN r.credential_id IS NULL THEN e.source_identity ELSE r.source_identity END AS source_identity,
       e.request_parameters, e.additional_event_data, e.object, e.record, e.object_sha256, e.resolved_version AS ingested_version
FROM events e
LEFT JOIN resolved_credentials r ON r.credential_id = e.credential_id
LEFT JOIN doubted_objects o ON o.object_id = e.object_id
LEFT JOIN doubted_sessions d ON d.credential_id = e.credential_id
