-- The last word on each credential session.
-- Out: credential_id and who stands behind it.
SELECT credential_id, actor_kind, actor_id, actor_name, actor_account_id, certainty, role_chain, session_tags, source_identity, permission_set, resolved_version
FROM (
  SELECT c.credential_id, c.actor_kind, c.actor_id, c.actor_name, c.actor_account_id, c.certainty, c.role_chain, c.session_tags, c.source_identity,
         c.permission_set, c.resolved_version,
         row_number() OVER (PARTITION BY c.credential_id ORDER BY c.resolved_version DESC, c.resolved_fingerprint) AS place
  FROM credentials c
  WHERE c.fact = 'resolved'
) ranked
WHERE place = 1
