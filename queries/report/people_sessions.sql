-- Sessions of people in the period.
-- Out: credential_id, actor_kind, actor_id, certainty, last_time.
SELECT w.credential_id, w.actor_kind, w.actor_id, w.certainty, max(w.last_time) AS last_time
FROM window_calls w
WHERE w.actor_kind IN ('sso_user', 'iam_user', 'saml_user') AND w.actor_id IS NOT NULL
GROUP BY w.credential_id, w.actor_kind, w.actor_id, w.certainty
ORDER BY w.credential_id, w.actor_kind, w.actor_id, w.certainty
