//! Names and roads: Route 53, CloudFront, load balancers, API Gateway, App Mesh, WAF.

use super::{Row, Take, arn, id, row};

pub(crate) static ROUTE53: &[Row] = &[
    id("hostedzoneid", "route53:::hostedzone/{}").take(Take::Zone),
    id("id", "route53:::hostedzone/{}").inside("hostedzone").take(Take::Zone),
    id("id", "route53:::hostedzone/{}").top().on("HostedZone").take(Take::Zone),
    id("id", "route53:::change/{}").inside("changeinfo").take(Take::Zone),
    id("healthcheckid", "route53:::healthcheck/{}"),
    id("id", "route53:::healthcheck/{}").inside("healthcheck"),
    // A name in DNS is not the zone's alone: found by itself, resolved to nothing.
    row("name", "").inside("resourcerecordset"),
    row("name", "route53:::hostedzone/{id}").inside("hostedzone"),
    row("name", "").top().on("HostedZone"),
];

pub(crate) static ROUTE53_RESOLVER: &[Row] = &[
    id("resolverquerylogconfigid", "route53resolver:R:A:resolver-query-log-config/{}"),
    id("resolverendpointid", "route53resolver:R:A:resolver-endpoint/{}"),
    id("resolverruleid", "route53resolver:R:A:resolver-rule/{}"),
    id("firewallrulegroupid", "route53resolver:R:A:firewall-rule-group/{}"),
    id("firewalldomainlistid", "route53resolver:R:A:firewall-domain-list/{}"),
    id("id", "route53resolver:R:A:resolver-query-log-config/{}").inside("resolverquerylogconfig"),
    id("id", "route53resolver:R:A:resolver-endpoint/{}").inside("resolverendpoint"),
    id("id", "route53resolver:R:A:resolver-rule/{}").inside("resolverrule"),
    row("name", "route53resolver:R:A:resolver-query-log-config/{id}").inside("resolverquerylogconfig"),
    row("name", "route53resolver:R:A:resolver-endpoint/{id}").inside("resolverendpoint"),
    row("name", "route53resolver:R:A:resolver-rule/{id}").inside("resolverrule"),
    arn("arn"),
    arn("resourcearn"),
];

/// `eventName` ends in the version of the API, such as `UpdateDistribution2014_01_31`.
pub(crate) static CLOUDFRONT: &[Row] = &[
    id("id", "cloudfront::A:distribution/{}").top().on("Distribution|Invalidation"),
    id("id", "cloudfront::A:distribution/{}").inside("distribution"),
    id("distributionid", "cloudfront::A:distribution/{}"),
    id("targetdistributionid", "cloudfront::A:distribution/{}"),
    id("id", "cloudfront::A:origin-access-control/{}").top().on("OriginAccessControl"),
    id("id", "cloudfront::A:cache-policy/{}").top().on("CachePolicy"),
    row("name", "cloudfront::A:function/{}").top().on("Function"),
    row("domainname", "cloudfront::A:distribution/{id}").inside("distribution"),
    arn("arn"),
    arn("resource").top(),
    arn("distributionarn"),
    arn("functionarn").on("Function"),
];

/// Classic and version 2 share the source; `apiVersion` tells them apart. An ARN of version 2 ends in a random part.
pub(crate) static ELASTIC_LOAD_BALANCING: &[Row] = &[
    row("loadbalancername", "elasticloadbalancing:R:A:loadbalancer/{}").take(Take::Classic),
    row("name", "").top(),
    row("targetgroupname", ""),
    id("instanceid", "").take(Take::Prefixed),
    id("id", "").inside("target").on("RegisterTargets|DeregisterTargets").take(Take::Prefixed),
    arn("loadbalancerarn"),
    arn("targetgrouparn"),
    arn("listenerarn"),
    arn("rulearn"),
    arn("resourcearn"),
];

/// Its ARNs have no account (API Gateway Developer Guide, "ARN reference").
pub(crate) static API_GATEWAY: &[Row] = &[
    id("restapiid", "apigateway:R::/restapis/{}"),
    id("id", "apigateway:R::/restapis/{}").top().on("CreateRestApi|ImportRestApi"),
    row("name", "apigateway:R::/restapis/{id}").top().on("RestApi"),
    id("apiid", "apigateway:R::/apis/{}"),
    row("stagename", "apigateway:R::/restapis/{restapiid}/stages/{}"),
    row("domainname", "apigateway:R::/domainnames/{}").top(),
    id("usageplanid", "apigateway:R::/usageplans/{}"),
    id("vpclinkid", "apigateway:R::/vpclinks/{}"),
    arn("resourcearn"),
];

pub(crate) static APP_MESH: &[Row] = &[
    row("meshname", "appmesh:R:A:mesh/{}"),
    row("virtualgatewayname", "appmesh:R:A:mesh/{meshname}/virtualGateway/{}"),
    row("virtualnodename", "appmesh:R:A:mesh/{meshname}/virtualNode/{}").on("VirtualNode"),
    row("virtualroutername", "appmesh:R:A:mesh/{meshname}/virtualRouter/{}").on("Route"),
    row("virtualservicename", "appmesh:R:A:mesh/{meshname}/virtualService/{}").on("VirtualService"),
    row("routename", "appmesh:R:A:mesh/{meshname}/virtualRouter/{virtualroutername}/route/{}"),
    arn("arn").inside("metadata"),
    arn("resourcearn"),
];

pub(crate) static WAFV2: &[Row] = &[
    row("name", "").top(),
    id("id", "").top(),
    row("name", "").inside("summary"),
    id("id", "").inside("summary"),
    arn("arn").inside("summary"),
    arn("webaclarn"),
    arn("resourcearn"),
];
