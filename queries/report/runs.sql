-- Runs of whodid that began in the period: proof that somebody looked.
-- In: $since, $until. Out: started, ended, command, source, tool_version.
SELECT r.started, r.ended, r.command, r.source, r.tool_version
FROM runs r
WHERE r.started >= $since AND r.started < $until
ORDER BY r.started, r.run_id
