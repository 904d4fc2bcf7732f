-- How surely changes are attributed by day of UTC, over the 30 days up to the period's end, with the people named. Copies of one call in two
-- accounts count as often as they were recorded.
-- In: $trend, $until. Out: day, certainty, changes.
SELECT t.day, t.certainty, sum(t.changes) AS changes
FROM (
  SELECT f.day, f.changes,
         CASE WHEN (NOT f.doubted AND d.credential_id IS NULL) OR coalesce(r.certainty, f.certainty) = 'unknown' THEN coalesce(r.certainty, f.certainty)
              ELSE 'claimed' END AS certainty
  FROM (
    SELECT e.dt AS day, e.credential_id, e.certainty, o.object_id IS NOT NULL AS doubted, count(*) AS changes
    FROM events e
    LEFT JOIN doubted_objects o ON o.object_id = e.object_id
    WHERE e.dt BETWEEN CAST($trend AS DATE) AND CAST($until AS DATE) AND e.event_time < $until AND NOT coalesce(e.read_only, false)
      AND e.event_source <> 'signin.amazonaws.com' AND e.error_code IS NULL
    GROUP BY 1, 2, 3, 4
  ) f
  LEFT JOIN resolved_credentials r ON r.credential_id = f.credential_id
  LEFT JOIN doubted_sessions d ON d.credential_id = f.credential_id
) t
GROUP BY t.day, t.certainty
ORDER BY t.day, t.certainty
