//! A bucket's policy in, what is wrong with who may put objects there out. Reads no more of the language than that takes: what it cannot
//! tell it passes over.

use serde_json::Value;

/// What is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Whether anybody at all could write or read.
    pub(super) is_grave: bool,
    pub(super) what: String,
    pub(super) fix: &'static str,
}

/// Judges a policy; of a bucket that a trail delivers to, who may deliver as well.
pub(super) fn judge(text: &str, is_trails: bool) -> Result<(), Fault> {
    let policy: Value = serde_json::from_str(text).map_err(|error| Fault {
        is_grave: false,
        what: format!("its policy cannot be understood: {error}"),
        fix: "look at it: aws s3api get-bucket-policy",
    })?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let allowing = || statements.iter().filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow"));
    if allowing().any(|statement| is_anybody(statement.get("Principal")) && statement.get("Condition").is_none()) {
        return Err(Fault {
            is_grave: true,
            what: "its policy allows anybody".into(),
            fix: "take the statement with Principal \"*\" and no Condition out of the bucket's policy",
        });
    }
    if !is_trails {
        return Ok(());
    }
    let puts = || allowing().filter(|statement| texts(statement.get("Action")).iter().any(|action| is_put(action)));
    let by_trail = |statement: &&Value| {
        let service = statement.get("Principal").and_then(|principal| principal.get("Service"));
        texts(service).contains(&"cloudtrail.amazonaws.com")
    };
    // AWS documents the condition for both statements of a trail's bucket (CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail").
    if puts().filter(by_trail).any(|statement| !names_source(statement.get("Condition"))) {
        return Err(Fault {
            is_grave: false,
            what: "its policy lets CloudTrail put objects for any trail, an attacker's own among them".into(),
            fix: "add the condition aws:SourceArn with the trail's ARN to the statements for cloudtrail.amazonaws.com",
        });
    }
    let others: Vec<String> = puts().filter(|statement| !by_trail(statement)).flat_map(principals).collect();
    if !others.is_empty() {
        return Err(Fault {
            is_grave: false,
            what: format!("its policy lets others put objects too: {}", others.join(", ")),
            fix: "leave s3:PutObject on the trail's bucket to cloudtrail.amazonaws.com alone",
        });
    }
    Ok(())
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_anybody(principal: Option<&Value>) -> bool {
    match principal {
        Some(Value::String(one)) => one == "*",
        Some(other) => texts(other.get("AWS")).contains(&"*"),
        None => false,
    }
}

fn is_put(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    match action.strip_suffix('*') {
        Some(start) => "s3:putobject".starts_with(start),
        None => action == "s3:putobject",
    }
}

fn names_source(condition: Option<&Value>) -> bool {
    let keys = condition.and_then(Value::as_object).into_iter().flat_map(|operators| operators.values());
    keys.filter_map(Value::as_object)
        .flat_map(|keys| keys.keys())
        .any(|key| matches!(key.to_ascii_lowercase().as_str(), "aws:sourcearn" | "aws:sourceorgid" | "aws:sourceaccount"))
}

fn principals(statement: &Value) -> Vec<String> {
    match statement.get("Principal") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Object(kinds)) => kinds.values().flat_map(|names| texts(Some(names))).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(statements: Value, expected: Option<(bool, &str)>) {
        let judged = judge(&json!({"Version": "2012-10-17", "Statement": statements}).to_string(), true).err();
        let found = judged.as_ref().map(|fault| (fault.is_grave, fault.what.as_str()));
        assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
        if let (Some((grave, what)), Some((is_grave, part))) = (found, expected) {
            assert!(grave == is_grave && what.contains(part), "{what}");
        }
    }

    fn delivery(condition: Value) -> Value {
        json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "*", "Condition": condition})
    }

    #[test]
    fn who_may_put_objects_is_told() {
        let arn = "arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/org";
        let good = delivery(json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": arn}}));
        check(json!([good]), None);
        check(json!(good), None);
        check(json!([delivery(json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}))]), Some((false, "any trail")));
        check(json!([good, {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]), Some((true, "anybody")));
        check(json!([good, {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:*"}]), Some((true, "anybody")));
        check(json!([good, {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]), None);
        let other = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": ["s3:Put*"]});
        check(json!([good, other]), Some((false, "444455556666")));
        let reader =
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": ["s3:Get*", "s3:PutObjectAcl"]});
        check(json!([good, reader]), None);
        assert!(judge("no json", true).is_err());
        assert!(judge("{}", true).is_ok());
    }
}
