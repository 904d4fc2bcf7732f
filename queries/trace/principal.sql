-- Credential sessions of a principal, however it is spelt.
-- In: $principal (access key id, unique id, ARN of user, role or session, session name, id in an identity store), $like (the same as a
-- prefix of a principal id), $actor (an actor's id). Out: credential_id.
SELECT DISTINCT c.credential_id
FROM credentials c
WHERE c.credential_id IS NOT NULL
  AND (c.access_key_id = $principal OR c.principal_id = $principal OR c.principal_id LIKE $like OR c.user_arn = $principal
       OR c.session_issuer_arn = $principal OR c.on_behalf_of_user_id = $principal OR c.actor_id = $actor)
ORDER BY c.credential_id
