-- How much each named person changed in each account.
-- Out: actor_id, account_id, changes.
SELECT c.actor_id, c.account_id, sum(c.calls) AS changes
FROM window_acts c
WHERE c.error_code IS NULL AND c.actor_kind IN ('sso_user', 'iam_user', 'root_user', 'saml_user', 'oidc_user')
GROUP BY c.actor_id, c.account_id
ORDER BY c.actor_id, c.account_id
