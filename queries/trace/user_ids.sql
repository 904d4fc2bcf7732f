-- Ids of the Identity Center users that events call by a name: by the name of a session that Identity Center opened, or at a sign-in.
-- In: $session (the end of such a session's ARN), $name (the user name). Out: user_id.
SELECT DISTINCT c.on_behalf_of_user_id AS user_id
FROM credentials c
WHERE c.on_behalf_of_user_id IS NOT NULL
  AND (c.fact = 'used' AND c.user_arn LIKE $session AND c.session_issuer_arn LIKE '%:role/aws-reserved/sso.amazonaws.com/%'
       OR c.fact = 'issued' AND c.event_name IN ('CredentialChallenge', 'UserAuthentication') AND c.subject = $name)
ORDER BY 1
