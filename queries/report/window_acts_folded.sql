-- Calls of the period that would change something, folded: what `window_acts` reads as the table `window_acts_folded`, before who stands behind a
-- session is joined.
-- Reads `window_once`. Out: as there, with what the events themselves say of their actor; doubted, whether they lie in an object that is not to be believed.
SELECT CAST(o.event_time AS DATE) AS day, o.credential_id, o.account_id, o.aws_region, o.event_source, o.event_name, o.source_ip_address, o.error_code,
       o.user_type, o.user_arn, o.actor_kind, o.actor_id, o.certainty, o.permission_set, o.doubted,
       count(*) AS calls, min(o.event_time) AS first_time, max(o.event_time) AS last_time, min(o.event_id) AS event_id
FROM window_once o
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
