-- Credential sessions of which something is told by an object that is not what CloudTrail delivered: used, issued, or below such a one. A
-- user's own long-lived key (its id begins with five zeros) is named by each of its records alone.
-- Reads `doubted_objects` (object_id), which whodid works out. Out: credential_id.
WITH told AS (
  SELECT DISTINCT e.event_id, e.credential_id
  FROM events e JOIN doubted_objects o ON o.object_id = e.object_id
),
issued AS (
  SELECT DISTINCT c.issued_access_key_id, c.issued_principal_id
  FROM credentials c JOIN told t ON t.event_id = c.event_id
  WHERE c.fact = 'issued'
),
used AS (
  SELECT c.credential_id, c.access_key_id FROM credentials c JOIN told t ON t.credential_id = c.credential_id WHERE c.fact = 'used'
  UNION
  SELECT c.credential_id, c.access_key_id FROM credentials c JOIN issued i ON i.issued_access_key_id = c.access_key_id WHERE c.fact = 'used'
  UNION
  SELECT c.credential_id, c.access_key_id FROM credentials c JOIN issued i ON i.issued_principal_id = c.principal_id WHERE c.fact = 'used'
),
doubted AS (SELECT u.credential_id, u.access_key_id FROM used u WHERE u.credential_id NOT LIKE '00000%'),
hops AS (SELECT r.credential_id, unnest(r.role_chain) AS hop FROM resolved_credentials r)
SELECT d.credential_id FROM doubted d
UNION
SELECT h.credential_id FROM hops h JOIN doubted d ON d.access_key_id = h.hop['access_key_id']
ORDER BY credential_id
