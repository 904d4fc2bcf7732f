//! Stores and streams: S3, RDS, DynamoDB, Redshift, ElastiCache, OpenSearch, EFS, FSx, MSK, Kinesis, Firehose, Glue, Backup, Athena.

use super::{At, Row, Take, arn, id, row};

pub(crate) static S3: &[Row] = &[
    row("bucketname", "s3:::{}"),
    // An object's key stands as it is, undecoded, and may hold anything; other keys called so are members of tags.
    Row { at: At::Top, ..row("key", "s3:::{bucketname}/{}") },
    row("name", "s3:R:A:accesspoint/{}").top().on("AccessPoint"),
];

/// Identifiers are kept in lower case, whatever the request says (RDS API Reference, `CreateDBInstance`).
pub(crate) static RDS: &[Row] = &[
    row("dbinstanceidentifier", "rds:R:A:db:{}").take(Take::Lower),
    row("newdbinstanceidentifier", "rds:R:A:db:{}").take(Take::Lower),
    row("targetdbinstanceidentifier", "rds:R:A:db:{}").take(Take::Lower),
    row("dbclusteridentifier", "rds:R:A:cluster:{}").take(Take::Lower),
    row("newdbclusteridentifier", "rds:R:A:cluster:{}").take(Take::Lower),
    row("dbsnapshotidentifier", "rds:R:A:snapshot:{}").take(Take::Lower),
    row("targetdbsnapshotidentifier", "rds:R:A:snapshot:{}").take(Take::Lower),
    row("dbclustersnapshotidentifier", "rds:R:A:cluster-snapshot:{}").take(Take::Lower),
    row("targetdbclustersnapshotidentifier", "rds:R:A:cluster-snapshot:{}").take(Take::Lower),
    row("dbsubnetgroupname", "rds:R:A:subgrp:{}").on("SubnetGroup").take(Take::Lower),
    row("dbparametergroupname", "rds:R:A:pg:{}").on("ParameterGroup").take(Take::Lower),
    row("dbclusterparametergroupname", "rds:R:A:cluster-pg:{}").on("ParameterGroup").take(Take::Lower),
    row("optiongroupname", "rds:R:A:og:{}").on("OptionGroup").take(Take::Lower),
    row("subscriptionname", "rds:R:A:es:{}").on("EventSubscription").take(Take::Lower),
    row("dbproxyname", "").on("Proxy"),
    row("globalclusteridentifier", "rds::A:global-cluster:{}").take(Take::Lower),
    id("dbiresourceid", "rds:R:A:db:{dbinstanceidentifier}"),
    id("dbclusterresourceid", "rds:R:A:cluster:{dbclusteridentifier}"),
    id("resourceid", ""),
    arn("dbinstancearn"),
    arn("dbclusterarn"),
    arn("dbsnapshotarn"),
    arn("dbclustersnapshotarn"),
    arn("dbsubnetgrouparn"),
    arn("dbparametergrouparn"),
    arn("dbproxyarn"),
    arn("resourcename"),
    arn("resourceidentifier"),
    arn("resourcearn").on("Activity"),
];

pub(crate) static DYNAMODB: &[Row] = &[
    row("tablename", "dynamodb:R:A:table/{}"),
    row("targettablename", "dynamodb:R:A:table/{}"),
    row("globaltablename", "dynamodb::A:global-table/{}"),
    arn("tablearn"),
    arn("backuparn"),
    arn("resourcearn"),
];

pub(crate) static REDSHIFT: &[Row] = &[
    row("clusteridentifier", "redshift:R:A:cluster:{}").take(Take::Lower),
    row("clustersubnetgroupname", "redshift:R:A:subnetgroup:{}").on("SubnetGroup").take(Take::Lower),
    row("parametergroupname", "redshift:R:A:parametergroup:{}").on("ParameterGroup").take(Take::Lower),
    row("snapshotidentifier", "redshift:R:A:snapshot:{clusteridentifier}/{}").on("Snapshot").take(Take::Lower),
    arn("resourcename"),
    arn("resourcearn"),
];

pub(crate) static ELASTICACHE: &[Row] = &[
    row("cacheclusterid", "elasticache:R:A:cluster:{}").take(Take::Lower),
    row("replicationgroupid", "elasticache:R:A:replicationgroup:{}").take(Take::Lower),
    row("serverlesscachename", "elasticache:R:A:serverlesscache:{}").take(Take::Lower),
    row("snapshotname", "elasticache:R:A:snapshot:{}").on("Snapshot").take(Take::Lower),
    row("cachesubnetgroupname", "elasticache:R:A:subnetgroup:{}").on("SubnetGroup").take(Take::Lower),
    row("cacheparametergroupname", "elasticache:R:A:parametergroup:{}").on("ParameterGroup").take(Take::Lower),
    row("userid", "elasticache:R:A:user:{}").on("User"),
    row("usergroupid", "elasticache:R:A:usergroup:{}").on("UserGroup"),
    arn("arn"),
    arn("resourcename"),
];

/// Both `es.amazonaws.com` and its successor call the service `es` in ARNs.
pub(crate) static OPENSEARCH: &[Row] = &[row("domainname", "es:R:A:domain/{}"), arn("arn"), arn("domainarn")];

pub(crate) static EFS: &[Row] = &[
    id("filesystemid", "").take(Take::Prefixed),
    id("accesspointid", "").take(Take::Prefixed),
    // A mount target has no ARN of its own: what it changes is the file system.
    id("mounttargetid", "elasticfilesystem:R:A:file-system/{filesystemid}"),
    id("resourceid", "").take(Take::Prefixed),
    arn("filesystemarn"),
    arn("accesspointarn"),
];

pub(crate) static FSX: &[Row] =
    &[id("filesystemid", "fsx:R:A:file-system/{}"), id("volumeid", ""), id("backupid", "fsx:R:A:backup/{}"), arn("resourcearn")];

pub(crate) static KAFKA: &[Row] = &[row("clustername", ""), arn("clusterarn"), arn("resourcearn"), arn("arn").top()];

pub(crate) static KINESIS: &[Row] = &[row("streamname", "kinesis:R:A:stream/{}"), arn("streamarn"), arn("consumerarn"), arn("resourcearn")];

pub(crate) static FIREHOSE: &[Row] = &[row("deliverystreamname", "firehose:R:A:deliverystream/{}"), arn("deliverystreamarn")];

pub(crate) static GLUE: &[Row] = &[
    row("jobname", "glue:R:A:job/{}"),
    row("databasename", "glue:R:A:database/{}"),
    row("tablename", "glue:R:A:table/{databasename}/{}"),
    row("crawlername", "glue:R:A:crawler/{}"),
    row("connectionname", "glue:R:A:connection/{}"),
    row("name", "glue:R:A:job/{}").top().on("Job"),
    row("name", "glue:R:A:crawler/{}").top().on("Crawler"),
    row("name", "glue:R:A:trigger/{}").top().on("Trigger"),
    row("name", "glue:R:A:workflow/{}").top().on("Workflow"),
    row("name", "glue:R:A:database/{}").top().on("Database"),
    row("name", "glue:R:A:table/{databasename}/{}").top().on("Table"),
    row("name", "glue:R:A:database/{}").inside("databaseinput"),
    row("name", "glue:R:A:table/{databasename}/{}").inside("tableinput"),
    row("name", "glue:R:A:connection/{}").inside("connectioninput"),
    arn("resourcearn"),
];

pub(crate) static BACKUP: &[Row] = &[
    row("backupvaultname", "backup:R:A:backup-vault:{}"),
    id("backupplanid", "backup:R:A:backup-plan:{}"),
    arn("backupvaultarn"),
    arn("backupplanarn"),
    arn("recoverypointarn"),
    arn("resourcearn"),
];

pub(crate) static ATHENA: &[Row] = &[
    row("workgroup", "athena:R:A:workgroup/{}"),
    row("name", "athena:R:A:workgroup/{}").top().on("WorkGroup"),
    row("name", "athena:R:A:datacatalog/{}").top().on("DataCatalog"),
    arn("resourcearn"),
];
