-- Calls of the period, of every kind, folded: what `window_calls` reads as the table `window_folded`, before who stands behind a session is joined.
-- In: $since, $until. Out: as there, with what the event itself says of its actor; doubted, whether it lies in an object that is not to be believed.
SELECT e.dt AS day, e.credential_id, e.recipient_account_id AS account_id, e.aws_region, e.user_type, e.user_arn, e.user_account_id, e.access_key_id,
       e.source_ip_address, e.user_agent, e.invoked_by IS NULL AS direct, e.error_code IS NOT NULL AS failed,
       NOT coalesce(e.read_only, false) AND e.event_source <> 'signin.amazonaws.com' AS changes_something, o.object_id IS NOT NULL AS doubted,
       CASE WHEN e.event_source = 'signin.amazonaws.com' AND e.error_message IS NULL AND e.user_type IN ('Root', 'IAMUser', 'AssumedRole')
            THEN e.event_time END AS signed_in,
       e.actor_kind, e.actor_id, e.certainty, e.permission_set,
       count(*) AS calls, min(e.event_time) AS first_time, max(e.event_time) AS last_time, min(e.event_id) AS event_id
FROM events e
LEFT JOIN doubted_objects o ON o.object_id = e.object_id
WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
