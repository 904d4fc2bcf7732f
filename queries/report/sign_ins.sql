-- Sign-ins to the console in the period, done and failed, and whether a second factor was used, as AWS recorded it.
-- In: $since, $until. Out: user_type, user_arn, account_id, mfa, sign_ins, failed, last_time, event_id.
SELECT e.user_type, e.user_arn, e.recipient_account_id AS account_id,
       CASE WHEN e.additional_event_data LIKE '%"MFAUsed":"Yes"%' THEN 'yes' WHEN e.additional_event_data LIKE '%"MFAUsed":"No"%' THEN 'no' END AS mfa,
       count(*) FILTER (WHERE e.error_message IS NULL AND e.response_elements NOT LIKE '%Failure%') AS sign_ins,
       count(*) FILTER (WHERE e.error_message IS NOT NULL OR e.response_elements LIKE '%Failure%') AS failed,
       max(e.event_time) AS last_time, min(e.event_id) AS event_id
FROM events e
WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until
  AND e.event_source = 'signin.amazonaws.com' AND e.event_name = 'ConsoleLogin'
GROUP BY 1, 2, 3, 4
ORDER BY e.user_type, e.user_arn, account_id, mfa
