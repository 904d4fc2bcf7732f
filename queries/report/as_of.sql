-- Until when the lake knows anything: the end of the last run that read logs.
-- Out: ended.
SELECT max(r.ended) AS ended
FROM runs r
WHERE r.command = 'ingest'
ORDER BY ended
