-- What was read of an account's log in a region around a span; of objects whose key does not say whose they are, all.
-- In: $account, $region, $since, $until. Out: first_event_time, last_event_time, rejected.
SELECT o.first_event_time, o.last_event_time, o.rejected
FROM objects o
WHERE o.account_id IN ($account, '') AND o.aws_region IN ($region, '') AND o.last_event_time >= $since AND o.first_event_time <= $until
ORDER BY o.first_event_time, o.last_event_time, o.rejected
