-- Calls of the period, done or failed, that touch the logs themselves: trails, event stores, log groups, recorders, detectors, the policies and
-- retention of buckets, and keys.
-- Out: event_time, actor_kind, actor_id, certainty, event_source, event_name, account_id, aws_region, error_code, event_id.
SELECT c.event_time, c.actor_kind, c.actor_id, c.certainty, c.event_source, c.event_name, c.account_id, c.aws_region, c.error_code, c.event_id
FROM window_changes c
WHERE c.event_source = 'cloudtrail.amazonaws.com'
   OR (c.event_source = 's3.amazonaws.com'
       AND c.event_name IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketLifecycle', 'PutBucketLifecycleConfiguration', 'DeleteBucketLifecycle', 'PutBucketVersioning',
                            'PutBucketObjectLockConfiguration', 'PutObjectLockConfiguration', 'PutBucketEncryption', 'DeleteBucketEncryption', 'PutBucketReplication',
                            'DeleteBucket', 'PutBucketAcl', 'PutBucketLogging', 'PutBucketNotification'))
   OR (c.event_source = 'kms.amazonaws.com' AND c.event_name IN ('DisableKey', 'ScheduleKeyDeletion', 'PutKeyPolicy', 'CancelKeyDeletion'))
   OR (c.event_source = 'logs.amazonaws.com'
       AND c.event_name IN ('DeleteLogGroup', 'DeleteLogStream', 'PutRetentionPolicy', 'DeleteRetentionPolicy', 'DeleteSubscriptionFilter', 'PutSubscriptionFilter', 'DisassociateKmsKey'))
   OR (c.event_source = 'config.amazonaws.com' AND c.event_name IN ('StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel', 'PutDeliveryChannel'))
   OR (c.event_source = 'guardduty.amazonaws.com' AND c.event_name IN ('DeleteDetector', 'UpdateDetector', 'CreateFilter', 'DisassociateFromAdministratorAccount'))
   OR (c.event_source = 'ssm.amazonaws.com' AND c.event_name = 'UpdateDocument')
ORDER BY c.event_time, c.event_id, c.account_id
