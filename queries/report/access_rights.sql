-- Changes of the period to who may do what: calls of IAM, Identity Center, the identity store, Organizations, and policies on keys, buckets
-- and functions. In no order, since sorting would hold every request once more: reports sort what came, by event_time, event_id and account_id.
-- Out: event_time, actor_kind, actor_id, certainty, event_source, event_name, account_id, aws_region, request (what was asked for, as
-- recorded), source_ip_address, event_id; object_id, where the record lies, which reports do not show.
SELECT c.event_time, c.actor_kind, c.actor_id, c.certainty, c.event_source, c.event_name, c.account_id, c.aws_region,
       q.request, c.source_ip_address, c.event_id, q.object_id
FROM window_changes c
JOIN window_requests q ON q.event_id = c.event_id AND q.account_id = c.account_id
WHERE c.error_code IS NULL
  -- The condition of `window_requests` again, so that few changes are kept for the join.
  AND (c.event_source IN ('iam.amazonaws.com', 'sso.amazonaws.com', 'sso-directory.amazonaws.com', 'identitystore.amazonaws.com',
                          'organizations.amazonaws.com', 'ram.amazonaws.com', 'access-analyzer.amazonaws.com', 'rolesanywhere.amazonaws.com')
       OR c.event_name IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock',
                           'PutKeyPolicy', 'CreateGrant', 'RevokeGrant', 'PutResourcePolicy', 'DeleteResourcePolicy', 'SetRepositoryPolicy',
                           'DeleteRepositoryPolicy', 'CreateAccessEntry', 'DeleteAccessEntry', 'AssociateAccessPolicy')
       OR c.event_name LIKE 'AddPermission%' OR c.event_name LIKE 'RemovePermission%')
