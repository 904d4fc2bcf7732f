-- Runs of whodid alert that began since the period's beginning: without one, no rule looked at its records.
-- In: $since. Out: runs.
SELECT count(*) AS runs
FROM runs r
WHERE r.command = 'alert' AND r.started >= $since
