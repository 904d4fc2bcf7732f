-- How listings of the directory, of any time, call the users of identity stores: a name of two users is nobody's for certain.
-- Out: identity_store_id, user_id, name.
SELECT DISTINCT d.identity_store_id, d.id AS user_id, d.name
FROM directory d
WHERE d.kind = 'user' AND d.name IS NOT NULL
ORDER BY d.identity_store_id, d.id, d.name
