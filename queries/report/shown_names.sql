-- How sessions that Identity Center opened around the period are called, beside the id of the user: AWS writes both, and nobody else may take
-- a role of that path.
-- In: $since, $until. Out: identity_store_arn, user_id, name.
SELECT DISTINCT c.identity_store_arn, c.on_behalf_of_user_id AS user_id, split_part(c.user_arn, '/', 3) AS name
FROM credentials c
WHERE c.fact = 'used' AND c.on_behalf_of_user_id IS NOT NULL AND c.session_issuer_arn LIKE '%:role/aws-reserved/sso.amazonaws.com/%'
  AND c.dt BETWEEN CAST($since AS DATE) - INTERVAL '2 days' AND CAST($until AS DATE)
ORDER BY c.identity_store_arn, user_id, name
