-- What was asked for in the period by calls that change who may do what: calls of IAM, Identity Center, the identity store, Organizations, and policies on
-- keys, buckets and functions. What `access_rights` reads as the table `window_requests`, which has no order.
-- In: $since, $until. Out: event_id, account_id, request (as recorded); object_id, where the record lies.
SELECT e.event_id, e.recipient_account_id AS account_id, e.request_parameters AS request, e.object_id
FROM events e
WHERE e.dt BETWEEN CAST($since AS DATE) AND CAST($until AS DATE) AND e.event_time >= $since AND e.event_time < $until
  AND NOT coalesce(e.read_only, false) AND e.error_code IS NULL
  AND (e.event_source IN ('iam.amazonaws.com', 'sso.amazonaws.com', 'sso-directory.amazonaws.com', 'identitystore.amazonaws.com',
                          'organizations.amazonaws.com', 'ram.amazonaws.com', 'access-analyzer.amazonaws.com', 'rolesanywhere.amazonaws.com')
       OR e.event_name IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock',
                           'PutKeyPolicy', 'CreateGrant', 'RevokeGrant', 'PutResourcePolicy', 'DeleteResourcePolicy', 'SetRepositoryPolicy',
                           'DeleteRepositoryPolicy', 'CreateAccessEntry', 'DeleteAccessEntry', 'AssociateAccessPolicy')
       OR e.event_name LIKE 'AddPermission%' OR e.event_name LIKE 'RemovePermission%')
