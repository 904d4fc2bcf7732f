-- Whether an access key was given out.
-- In: $key. Out: the day on which the session that it is of began.
SELECT DISTINCT c.dt FROM credentials c WHERE c.issued_access_key_id = $key ORDER BY c.dt
