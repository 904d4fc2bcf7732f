-- Commands in logs of sessions, counted: entered, those that ask for another user's rights, those entered with them.
-- Out: session_id, object_id, commands, elevates, elevated, doubtful.
SELECT c.session_id, c.object_id, count(*) AS commands, count(*) FILTER (WHERE c.elevates) AS elevates, count(*) FILTER (WHERE c.elevated) AS elevated,
       count(*) FILTER (WHERE c.doubt IS NOT NULL) AS doubtful
FROM commands c
GROUP BY c.session_id, c.object_id
ORDER BY c.session_id, c.object_id
