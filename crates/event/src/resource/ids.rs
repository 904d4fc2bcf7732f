//! Text in, which of AWS's kinds of identifier it has the shape of out.
//!
//! Shapes alone: that something looks like an instance id does not make it one. Case counts where AWS writes one case only.

/// What a question looks like, so that it is asked in the right places. A shape that fits two (a UUID: an event or a KMS key) is looked up as both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// An Amazon Resource Name.
    Arn,
    /// The ARN of a role session, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    AssumedRoleArn,
    /// An access key id, `AKIA…` or `ASIA…`.
    AccessKey,
    /// An IAM unique id, `AROA…`, also one followed by a colon and a session name.
    UniqueId,
    /// A UUID: an event id, or a KMS key's.
    EventId,
    /// A resource id that AWS gave, such as `sg-0a1b2c3d`.
    ResourceId,
    /// A Session Manager session id: a name, a hyphen and 17 to 26 lower-case letters and digits.
    SessionId,
    /// A mail address.
    Email,
    /// `s3://bucket` or `s3://bucket/key`.
    S3Url,
    /// Anything else: a name.
    Bare,
}

/// The shape of what was asked, white space around it left out.
pub fn looks_like(thing: &str) -> Look {
    let thing = thing.trim();
    if let Some(arn) = super::arn::parse(thing) {
        let session = arn.service == "sts" && arn.resource.starts_with("assumed-role/");
        return if session { Look::AssumedRoleArn } else { Look::Arn };
    }
    if thing.len() > "s3://".len() && thing.starts_with("s3://") {
        Look::S3Url
    } else if is_access_key(thing) {
        Look::AccessKey
    } else if is_unique_id(thing.split(':').next().unwrap_or(thing)) {
        Look::UniqueId
    } else if is_uuid(thing) {
        Look::EventId
    } else if is_resource_id(thing) {
        Look::ResourceId
    } else if is_session_id(thing) {
        Look::SessionId
    } else if is_email(thing) {
        Look::Email
    } else {
        Look::Bare
    }
}

/// `AKIA…` (long-term) or `ASIA…` (temporary), 20 characters today, 16 at least (IAM API Reference, `AccessKey`).
pub(crate) fn is_access_key(text: &str) -> bool {
    matches!(text.get(..4), Some("AKIA" | "ASIA" | "ABIA" | "ACCA")) && is_upper_alnum(text)
}

/// An IAM unique id (IAM User Guide, "IAM identifiers": the prefixes of roles, users, groups, policies, profiles and certificates).
pub(crate) fn is_unique_id(text: &str) -> bool {
    matches!(text.get(..4), Some("AROA" | "AIDA" | "AGPA" | "ANPA" | "ANVA" | "AIPA" | "APKA" | "ASCA")) && is_upper_alnum(text)
}

fn is_upper_alnum(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Thirty-two hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// A prefix, a hyphen, and 8 to 32 hexadecimal digits with one that is a digit: `sg-0a1b2c3d`, `tgw-attach-0814a77755bf02f0e`.
pub(crate) fn is_resource_id(text: &str) -> bool {
    // Whichever string is looked at, the commonest answer is no: the last eight bytes tell.
    let bytes = text.as_bytes();
    if bytes.len() < 10 || !bytes.last_chunk::<8>().is_some_and(|tail| tail.iter().rev().all(u8::is_ascii_hexdigit)) {
        return false;
    }
    let Some(hyphen) = bytes.iter().rposition(|&byte| byte == b'-') else { return false };
    let (Some(prefix), Some(hex)) = (text.get(..hyphen), text.get(hyphen + 1..)) else { return false };
    (1..=24).contains(&prefix.len())
        && (8..=32).contains(&hex.len())
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && prefix.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        && hex.bytes().any(|byte| byte.is_ascii_digit())
        && !is_uuid(text)
}

/// The session's owner, a hyphen and the random part: 26 characters today, 17 in older ones (Session Manager; names hold hyphens themselves).
pub(crate) fn is_session_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(name, random)| {
        !name.is_empty()
            && (17..=26).contains(&random.len())
            && random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && random.bytes().any(|byte| byte.is_ascii_digit())
            && !name.contains(['/', ' '])
    })
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.contains('@')
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !text.contains([' ', '/'])
    })
}

/// Twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A kind of resource that the prefix of its id tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// What stands before the last hyphen.
    pub(crate) prefix: &'static str,
    /// The service's name in an ARN.
    pub(crate) service: &'static str,
    /// The resource's type in an ARN.
    pub(crate) kind: &'static str,
    /// The word in an `eventName` that makes it what the call is about.
    pub(crate) noun: &'static str,
}

const fn ec2(prefix: &'static str, kind: &'static str, noun: &'static str) -> Prefix {
    Prefix { prefix, service: "ec2", kind, noun }
}

/// The kinds, sorted by prefix (Service Authorization Reference, "Resource types defined by Amazon EC2").
pub(crate) static PREFIXES: &[Prefix] = &[
    ec2("acl", "network-acl", "NetworkAcl"),
    ec2("afi", "fpga-image", "FpgaImage"),
    ec2("ami", "image", "Image"),
    ec2("cagw", "carrier-gateway", "CarrierGateway"),
    ec2("cgw", "customer-gateway", "CustomerGateway"),
    ec2("cr", "capacity-reservation", "CapacityReservation"),
    ec2("cvpn-endpoint", "client-vpn-endpoint", "ClientVpn"),
    ec2("dopt", "dhcp-options", "DhcpOptions"),
    ec2("eice", "instance-connect-endpoint", "InstanceConnectEndpoint"),
    ec2("eici", "instance-connect-endpoint", "InstanceConnectEndpoint"),
    ec2("eigw", "egress-only-internet-gateway", "EgressOnlyInternetGateway"),
    ec2("eipalloc", "elastic-ip", "Address"),
    ec2("eni", "network-interface", "NetworkInterface"),
    ec2("export-i", "export-instance-task", "Export"),
    ec2("fl", "vpc-flow-log", "FlowLog"),
    ec2("fleet", "fleet", "Fleet"),
    Prefix { prefix: "fs", service: "elasticfilesystem", kind: "file-system", noun: "FileSystem" },
    Prefix { prefix: "fsap", service: "elasticfilesystem", kind: "access-point", noun: "AccessPoint" },
    ec2("h", "dedicated-host", "Host"),
    ec2("i", "instance", "Instance"),
    ec2("igw", "internet-gateway", "InternetGateway"),
    ec2("import-ami", "import-image-task", "Import"),
    ec2("import-snap", "import-snapshot-task", "Import"),
    ec2("ipam", "ipam", "Ipam"),
    ec2("ipam-pool", "ipam-pool", "IpamPool"),
    ec2("ipam-scope", "ipam-scope", "IpamScope"),
    ec2("key", "key-pair", "KeyPair"),
    ec2("lgw", "local-gateway", "LocalGateway"),
    ec2("lgw-rtb", "local-gateway-route-table", "LocalGatewayRoute"),
    ec2("lt", "launch-template", "LaunchTemplate"),
    Prefix { prefix: "mi", service: "ssm", kind: "managed-instance", noun: "Instance" },
    ec2("nat", "natgateway", "NatGateway"),
    ec2("pcx", "vpc-peering-connection", "VpcPeeringConnection"),
    ec2("pg", "placement-group", "PlacementGroup"),
    ec2("pl", "prefix-list", "PrefixList"),
    ec2("rtb", "route-table", "Route"),
    ec2("scr", "subnet-cidr-reservation", "SubnetCidrReservation"),
    ec2("sfr", "spot-fleet-request", "SpotFleet"),
    ec2("sg", "security-group", "SecurityGroup"),
    ec2("sgr", "security-group-rule", "SecurityGroup"),
    ec2("sir", "spot-instances-request", "Spot"),
    ec2("snap", "snapshot", "Snapshot"),
    ec2("subnet", "subnet", "Subnet"),
    ec2("tgw", "transit-gateway", "TransitGateway"),
    ec2("tgw-attach", "transit-gateway-attachment", "TransitGateway"),
    ec2("tgw-connect-peer", "transit-gateway-connect-peer", "TransitGatewayConnectPeer"),
    ec2("tgw-mcast-domain", "transit-gateway-multicast-domain", "TransitGatewayMulticast"),
    ec2("tgw-rtb", "transit-gateway-route-table", "TransitGatewayRoute"),
    ec2("tmf", "traffic-mirror-filter", "TrafficMirrorFilter"),
    ec2("tms", "traffic-mirror-session", "TrafficMirrorSession"),
    ec2("tmt", "traffic-mirror-target", "TrafficMirrorTarget"),
    ec2("vae", "verified-access-endpoint", "VerifiedAccessEndpoint"),
    ec2("vagr", "verified-access-group", "VerifiedAccessGroup"),
    ec2("vai", "verified-access-instance", "VerifiedAccessInstance"),
    ec2("vatp", "verified-access-trust-provider", "VerifiedAccessTrustProvider"),
    ec2("vgw", "vpn-gateway", "VpnGateway"),
    ec2("vol", "volume", "Volume"),
    ec2("vpc", "vpc", "Vpc"),
    ec2("vpce", "vpc-endpoint", "VpcEndpoint"),
    ec2("vpce-svc", "vpc-endpoint-service", "VpcEndpointService"),
    ec2("vpn", "vpn-connection", "VpnConnection"),
];

/// The kind of resource that an id's prefix tells; `None` for a prefix that is not known, or text that is no such id.
pub(crate) fn prefix_of(id: &str) -> Option<&'static Prefix> {
    if !is_resource_id(id) {
        return None;
    }
    let (prefix, _) = id.rsplit_once('-')?;
    PREFIXES.binary_search_by(|held| held.prefix.cmp(prefix)).ok().and_then(|at| PREFIXES.get(at))
}
