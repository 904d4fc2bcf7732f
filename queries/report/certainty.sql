-- How surely the changes of the period are attributed.
-- Out: certainty, changes.
SELECT c.certainty, sum(c.calls) AS changes
FROM window_acts c
WHERE c.error_code IS NULL
GROUP BY c.certainty
ORDER BY CASE c.certainty WHEN 'proven' THEN 1 WHEN 'attested' THEN 2 WHEN 'probable' THEN 3 WHEN 'ambiguous' THEN 4 WHEN 'claimed' THEN 5 ELSE 6 END,
         c.certainty
