//! What the background's callers ask for: an account in; a read or a change out, in the mix and sizes of real trails.

use crate::changes::{self, read};
use crate::organisation::{HOME_REGION, Organisation};
use crate::random::Random;
use crate::record::Body;
use crate::scene::Canaries;

/// Service, call, and which request of [`reading`] it takes.
const READS: [(&str, &str, u8); 36] = [
    ("ec2.amazonaws.com", "DescribeInstances", 1),
    ("ec2.amazonaws.com", "DescribeSecurityGroups", 2),
    ("ec2.amazonaws.com", "DescribeVpcs", 2),
    ("ec2.amazonaws.com", "DescribeSubnets", 2),
    ("ec2.amazonaws.com", "DescribeVolumes", 2),
    ("ec2.amazonaws.com", "DescribeImages", 2),
    ("ec2.amazonaws.com", "DescribeInstanceStatus", 1),
    ("ec2.amazonaws.com", "DescribeTags", 2),
    ("ec2.amazonaws.com", "DescribeRegions", 0),
    ("s3.amazonaws.com", "GetBucketPolicy", 3),
    ("s3.amazonaws.com", "GetBucketLocation", 3),
    ("s3.amazonaws.com", "GetBucketEncryption", 3),
    ("s3.amazonaws.com", "ListBuckets", 0),
    ("iam.amazonaws.com", "GetRole", 4),
    ("iam.amazonaws.com", "ListRolePolicies", 4),
    ("iam.amazonaws.com", "ListAttachedRolePolicies", 4),
    ("iam.amazonaws.com", "ListRoles", 5),
    ("lambda.amazonaws.com", "GetFunction20150331v2", 6),
    ("lambda.amazonaws.com", "ListFunctions20150331", 5),
    ("logs.amazonaws.com", "DescribeLogGroups", 7),
    ("logs.amazonaws.com", "DescribeLogStreams", 7),
    ("monitoring.amazonaws.com", "DescribeAlarms", 5),
    ("rds.amazonaws.com", "DescribeDBInstances", 5),
    ("ecs.amazonaws.com", "DescribeServices", 8),
    ("ecs.amazonaws.com", "ListTasks", 8),
    ("kms.amazonaws.com", "Decrypt", 9),
    ("kms.amazonaws.com", "DescribeKey", 9),
    ("kms.amazonaws.com", "ListAliases", 5),
    ("secretsmanager.amazonaws.com", "GetSecretValue", 10),
    ("ssm.amazonaws.com", "GetParameters", 11),
    ("ssm.amazonaws.com", "DescribeInstanceInformation", 5),
    ("sts.amazonaws.com", "GetCallerIdentity", 0),
    ("dynamodb.amazonaws.com", "DescribeTable", 12),
    ("elasticloadbalancing.amazonaws.com", "DescribeLoadBalancers", 5),
    ("cloudformation.amazonaws.com", "DescribeStacks", 13),
    ("health.amazonaws.com", "DescribeEventAggregates", 14),
];

pub(crate) fn reading(random: &mut Random, account: &str) -> Body {
    let (source, name, shape) = READS[random.index(READS.len())];
    let app = random.below(60);
    let request = match shape {
        1 => {
            let ids: Vec<String> = (0..many(random)).map(|_| format!("{{\"instanceId\":\"{}\"}}", changes::id(random, "i"))).collect();
            format!("{{\"instancesSet\":{{\"items\":[{}]}},\"filterSet\":{{}}}}", ids.join(","))
        }
        2 => format!(
            "{{\"maxResults\":100,\"filterSet\":{{\"items\":[{{\"name\":\"vpc-id\",\"valueSet\":{{\"items\":[{{\"value\":\"vpc-0{}\"}}]}}}}]}}}}",
            random.hex(16)
        ),
        3 => format!("{{\"bucketName\":\"example-app-{app}\",\"Host\":\"example-app-{app}.s3.{HOME_REGION}.amazonaws.com\"}}"),
        4 => format!("{{\"roleName\":\"app-{app}\"}}"),
        5 => "{\"maxResults\":100}".to_owned(),
        6 => format!("{{\"functionName\":\"arn:aws:lambda:{HOME_REGION}:{account}:function:app-{app}\"}}"),
        7 => format!("{{\"logGroupNamePrefix\":\"/aws/lambda/app-{app}\",\"limit\":50}}"),
        8 => format!("{{\"cluster\":\"main\",\"services\":[\"app-{app}\"],\"include\":[\"TAGS\"]}}"),
        9 => format!(
            "{{\"keyId\":\"arn:aws:kms:{HOME_REGION}:{account}:key/{0}\",\"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"encryptionContext\":{{\"PARAMETER_ARN\":\"arn:aws:ssm:{HOME_REGION}:{account}:parameter/app/{app}/token\"}}}}",
            random.uuid()
        ),
        10 => format!("{{\"secretId\":\"app/{app}/database\"}}"),
        11 => format!("{{\"names\":[\"/app/{app}/token\",\"/app/{app}/url\"],\"withDecryption\":true}}"),
        12 => format!("{{\"tableName\":\"app-{app}\"}}"),
        13 => format!("{{\"stackName\":\"arn:aws:cloudformation:{HOME_REGION}:{account}:stack/app-{app}/x\"}}"),
        14 => "{\"aggregateField\":\"eventTypeCategory\",\"filter\":{\"eventStatusCodes\":[\"open\",\"upcoming\"]}}".to_owned(),
        _ => String::new(),
    };
    let mut body = read(source, name, request);
    body.global = source == "iam.amazonaws.com" || source == "health.amazonaws.com";
    match source {
        "kms.amazonaws.com" => {
            body.resources = format!(
                "[{{\"accountId\":\"{account}\",\"type\":\"AWS::KMS::Key\",\"ARN\":\"arn:aws:kms:{HOME_REGION}:{account}:key/{}\"}}]",
                random.uuid()
            )
        }
        "s3.amazonaws.com" => {
            body.additional = format!(
                "{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"{}=\",\"bytesTransferredOut\":{}}}",
                random.alnum(75),
                random.below(9000)
            )
        }
        _ => {}
    }
    body
}

/// How many items a call names: mostly one or two, at times dozens, rarely hundreds.
fn many(random: &mut Random) -> usize {
    match random.below(2000) {
        0..1700 => 1 + random.index(2),
        1700..1960 => 3 + random.index(10),
        1960..1996 => 20 + random.index(40),
        _ => 100 + random.index(160),
    }
}

/// The same for changes, whose documents and lists make the long records.
fn many_written(random: &mut Random) -> usize {
    match random.below(1000) {
        0..620 => 1 + random.index(3),
        620..760 => 5 + random.index(8),
        760..988 => 20 + random.index(24),
        _ => 60 + random.index(110),
    }
}

/// A change, and whether its first thing is new and nobody's else.
pub(crate) fn writing(random: &mut Random, canaries: &Canaries, account: &str, at: i64) -> (Body, bool) {
    let fresh = format!("app-{}", random.hex(10));
    let known = format!("app-{}", random.below(60));
    let secret = &canaries.environment;
    match random.below(28) {
        0 | 1 => {
            let count = many_written(random).min(20);
            let instances: Vec<String> = (0..count).map(|_| changes::id(random, "i")).collect();
            (changes::run_instances(random, account, &instances, Some("app-instance"), &canaries.user_data), true)
        }
        2 => {
            let group = changes::id(random, "sg");
            (changes::create_security_group(account, &group, &fresh), true)
        }
        3 => {
            let group = changes::id(random, "sg");
            (changes::open_port(random, account, &group, 443), true)
        }
        4 => {
            let volume = changes::id(random, "vol");
            (changes::create_tags(account, "volume", &[&volume], &[("Name", &known), ("Stage", "prod")]), true)
        }
        5 => (changes::create_bucket(&format!("example-{fresh}")), true),
        6 => (changes::put_bucket_policy(account, &format!("example-{known}"), many_written(random)), false),
        7 => (changes::create_role(&new_role(random, account, &fresh), at), true),
        8 => (changes::put_role_policy(&new_role(random, account, &known), many_written(random)), false),
        9 => (changes::create_function(random, account, &fresh, secret), true),
        10 => (changes::update_function_code(random, account, &known, secret), false),
        11 => (changes::update_function_configuration(random, account, &known, secret), false),
        12 => (changes::create_db_instance(random, account, &fresh), true),
        13 => (changes::modify_db_instance(account, &known), false),
        14 | 15 => {
            let revision = random.below(5000);
            (changes::register_task_definition(account, &fresh, revision, many_written(random), secret), true)
        }
        16 => {
            let revision = random.below(5000);
            (changes::update_service(account, "main", &known, revision), false)
        }
        17 => (changes::create_key(account, &random.uuid()), true),
        18 => (changes::create_secret(random, account, &fresh), true),
        19 => (changes::put_parameter(account, &format!("/app/{known}/token")), false),
        20 => (changes::create_topic(account, &fresh), true),
        21 => (changes::set_queue_attributes(account, &known), false),
        22 => (changes::create_table(random, account, &fresh), true),
        23 => (changes::create_load_balancer(random, account, &fresh), true),
        24 => (changes::create_stack(random, account, &fresh).0, true),
        25 => (changes::create_log_group(account, &format!("/app/{fresh}")), true),
        26 => (changes::put_rule(account, &known), false),
        _ => {
            let names: Vec<String> = (0..many_written(random)).map(|_| format!("{}.example.co.jp.", random.hex(8))).collect();
            (changes::change_record_sets(random, "ZEXAMPLE0000000000", &names), false)
        }
    }
}

fn new_role(random: &mut Random, account: &str, name: &str) -> crate::organisation::Role {
    let mut role = Organisation::bare_role(account, "/app/", name);
    role.id = format!("AROA{}EXAMPLE", random.base32(10));
    role
}

/// The agent on an instance reports in: not read-only, and no change that anybody asks about.
pub(crate) fn quiet_write(random: &mut Random, instance: &str) -> Body {
    let mut body = read(
        "ssm.amazonaws.com",
        "UpdateInstanceInformation",
        format!(
            "{{\"instanceId\":\"{instance}\",\"agentVersion\":\"3.3.3050.0\",\"agentStatus\":\"Active\",\"platformType\":\"Linux\",\"platformName\":\"Amazon Linux\",\"platformVersion\":\"2023\",\"iPAddress\":\"HIDDEN_DUE_TO_SECURITY_REASONS\",\"computerName\":\"ip-10-0-0-{}.{HOME_REGION}.compute.internal\",\"agentName\":\"amazon-ssm-agent\",\"availabilityZone\":\"{HOME_REGION}a\",\"sSMConnectionChannel\":\"ssmmessages\"}}",
            random.below(255)
        ),
    );
    body.read_only = false;
    body
}
