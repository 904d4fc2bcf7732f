-- Changes of the period to who may do what: calls of IAM, Identity Center, the identity store, Organizations, and policies on keys, buckets
-- and functions. In no order, since sorting would hold every request once more: reports sort what came, by event_time, event_id and account_id.
-- In: $since, $until. Out: event_time, actor_kind, actor_id, certainty, event_source, event_name, account_id, aws_region, request (what was asked for, as
-- recorded), source_ip_address, event_id; object_id, where the record lies, which reports do not show.
SELECT c.event_time, c.actor_kind, c.actor_id, c.certainty, c.event_source, c.event_name, c.account_id, c.aws_region,
       e.request_parameters AS request, c.source_ip_address, c.event_id, e.object_id
FROM window_changes c
-- The same again of `events`, whose requests are read of these alone.
JOIN (
  SELECT x.event_id, x.recipient_account_id, x.request_parameters, x.object_id
  FROM events x
  WHERE x.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND NOT coalesce(x.read_only, false) AND x.error_code IS NULL
    AND (x.event_source IN ('iam.amazonaws.com', 'sso.amazonaws.com', 'sso-directory.amazonaws.com', 'identitystore.amazonaws.com',
                            'organizations.amazonaws.com', 'ram.amazonaws.com', 'access-analyzer.amazonaws.com', 'rolesanywhere.amazonaws.com')
         OR x.event_name IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock',
                             'PutKeyPolicy', 'CreateGrant', 'RevokeGrant', 'PutResourcePolicy', 'DeleteResourcePolicy', 'SetRepositoryPolicy',
                             'DeleteRepositoryPolicy', 'CreateAccessEntry', 'DeleteAccessEntry', 'AssociateAccessPolicy')
         OR x.event_name LIKE 'AddPermission%' OR x.event_name LIKE 'RemovePermission%')
) e ON e.event_id = c.event_id AND e.recipient_account_id = c.account_id
WHERE c.error_code IS NULL
  -- The same condition again, so that few changes are kept for the join.
  AND (c.event_source IN ('iam.amazonaws.com', 'sso.amazonaws.com', 'sso-directory.amazonaws.com', 'identitystore.amazonaws.com',
                          'organizations.amazonaws.com', 'ram.amazonaws.com', 'access-analyzer.amazonaws.com', 'rolesanywhere.amazonaws.com')
       OR c.event_name IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock',
                           'PutKeyPolicy', 'CreateGrant', 'RevokeGrant', 'PutResourcePolicy', 'DeleteResourcePolicy', 'SetRepositoryPolicy',
                           'DeleteRepositoryPolicy', 'CreateAccessEntry', 'DeleteAccessEntry', 'AssociateAccessPolicy')
       OR c.event_name LIKE 'AddPermission%' OR c.event_name LIKE 'RemovePermission%')
