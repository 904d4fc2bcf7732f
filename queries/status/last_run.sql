-- The run that ended last.
-- Out: run_id, source, started, ended.
SELECT r.run_id, r.source, r.started, r.ended
FROM runs r
ORDER BY r.ended DESC, r.run_id DESC
LIMIT 1
