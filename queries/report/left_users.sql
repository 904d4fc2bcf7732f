-- Users of identity stores who are in a listing of the directory and in none of a later day, though there are such of their store. What is listed
-- on one day counts as one listing, however many files it is in.
-- In: $until. Out: identity_store_id, user_id, listed_until (the last listing that has the user), gone_at (the first listing of a later day).
SELECT l.identity_store_id, l.user_id, l.listed_until, min(n.snapshot_time) AS gone_at
FROM (
  SELECT d.identity_store_id, d.id AS user_id, max(d.snapshot_time) AS listed_until
  FROM directory d
  WHERE d.kind = 'user' AND d.snapshot_time < $until
  GROUP BY d.identity_store_id, d.id
) l
JOIN (
  SELECT DISTINCT d.identity_store_id, d.snapshot_time
  FROM directory d
  WHERE d.kind = 'user' AND d.snapshot_time < $until
) n ON n.identity_store_id = l.identity_store_id AND CAST(n.snapshot_time AS DATE) > CAST(l.listed_until AS DATE)
GROUP BY l.identity_store_id, l.user_id, l.listed_until
ORDER BY l.identity_store_id, l.user_id
