-- Events with who stands behind them today: what people and reports read.
-- Out: every column of `events`; those of the actor as `credentials` last resolved them; ingested_version, the version of `events` that brought it.
SELECT e.event_id, e.event_time, e.event_source, e.event_name, e.aws_region, e.recipient_account_id, e.source_ip_address, e.user_agent,
       e.error_code, e.error_message, e.read_only, e.management_event, e.event_type, e.event_category, e.request_id, e.shared_event_id,
       e.user_type, e.principal_id, e.user_arn, e.user_account_id, e.access_key_id, e.user_name, e.invoked_by,
       e.user_identity, e.request_parameters, e.response_elements, e.additional_event_data, e.service_event_details, e.resources, e.other_fields,
       e.resource_arns, e.credential_id,
       coalesce(r.actor_kind, e.actor_kind) AS actor_kind, CASE WHEN r.credential_id IS NULL THEN e.actor_id ELSE r.actor_id END AS actor_id,
       CASE WHEN r.credential_id IS NULL THEN e.actor_name ELSE r.actor_name END AS actor_name,
       CASE WHEN r.credential_id IS NULL THEN e.actor_account_id ELSE r.actor_account_id END AS actor_account_id,
       coalesce(r.certainty, e.certainty) AS certainty,
       CASE WHEN r.credential_id IS NULL THEN e.role_chain ELSE r.role_chain END AS role_chain,
       CASE WHEN r.credential_id IS NULL THEN e.session_tags ELSE r.session_tags END AS session_tags,
       CASE WHEN r.credential_id IS NULL THEN e.source_identity ELSE r.source_identity END AS source_identity,
       CASE WHEN r.credential_id IS NULL THEN e.permission_set ELSE r.permission_set END AS permission_set,
       e.object, e.record, e.object_sha256, e.object_id, e.resolved_version AS ingested_version, e.dt
FROM events e
LEFT JOIN resolved_credentials r ON e.credential_id = r.credential_id
