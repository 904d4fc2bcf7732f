//! One record's values in, its mentions out.
//!
//! Goes over every value once, as deep as [`crate::json::NESTING_MAX`] lets it. An ARN says all by itself and is taken at once; a name or an id waits until the end, because an ARN that
//! stands elsewhere in the record knows more than one that is built (a path, an account, a random part).

use super::arn;
use super::fallback::{self, Looks, Word};
use super::table::{At, Call, Calls, Row, Take};
use super::{Form, KEY_BYTES_MAX, Mention, Mentions, Touched, ids};
use crate::json::{Json, Member};
use bumpalo::Bump;
use bumpalo::collections::{String as Text, Vec as Pieces};
use std::borrow::Cow;

/// Members of an object that are looked at for what stands beside a name; an object that has more is a list in disguise.
const SIBLINGS_MAX: usize = 64;

/// ARNs of the record that a name is compared with.
const ARNS_COMPARED_MAX: usize = 32;

/// Bytes of ARNs built for one record, at most: beyond it a name is found by itself alone.
pub(super) const BUILT_BYTES_MAX: usize = 32 << 20;

/// Adds the keys under which a question finds this record. Those that do not stand in it as they are lie in `texts`; what the table says of
/// its call is remembered in `calls`.
pub fn mentions<'t, 'a>(touched: &Touched<'t, 'a, '_>, calls: &mut Calls, texts: &'a Bump, out: &mut Mentions<'a>) {
    let call = calls.get(touched.event_source, touched.event_name);
    let (pending, readings) = (Pieces::new_in(texts), Pieces::new_in(texts));
    let mut walk = Walk { touched, call, texts, built: 0, out, pending, readings, partition: None };
    walk.resources();
    walk.root(touched.response, true);
    walk.root(touched.request, true);
    walk.root(touched.service_event_details, true);
    walk.root(touched.additional, false);
    walk.settle_all();
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'t, 'a> {
    /// What it is, or is the list or set around it, as a member; nothing at the top.
    member: Option<Member<'t, 'a>>,
    /// The object that it is a member of, as a member; nothing at the top.
    parent: Option<Member<'t, 'a>>,
    /// That object.
    object: Json<'t, 'a>,
    /// Objects around it, less wrappers and sets.
    depth: usize,
    /// Whether this is an element of a list.
    listed: bool,
    /// Whether this is what a set holds, which is as deep as the set.
    set: bool,
    /// Whether the field is the call's or the service event's own, and not something about it.
    call: bool,
}

/// A name or id to be resolved once all ARNs are known.
struct Pending<'t, 'a> {
    text: &'a str,
    object: Json<'t, 'a>,
    member: Option<Member<'t, 'a>>,
    parent: Option<Member<'t, 'a>>,
    what: What,
}

enum What {
    Row(&'static Row),
    /// An id whose prefix is known, or not.
    Looks,
    /// A value under a key that ends in such a word.
    Word(Word),
}

/// An ARN, the service in it, its resource and the names.
struct Named<'a> {
    arn: &'a str,
    service: &'a str,
    resource: &'a str,
    names: [Option<&'a str>; 2],
}

struct Walk<'t, 'a, 'r, 'm> {
    touched: &'m Touched<'t, 'a, 'r>,
    call: &'m Call,
    texts: &'a Bump,
    /// Bytes of ARNs in `texts`.
    built: usize,
    out: &'m mut Mentions<'a>,
    pending: Pieces<'m, Pending<'t, 'a>>,
    /// What ARNs say that names were compared with, [`ARNS_COMPARED_MAX`] at most.
    readings: Pieces<'m, Named<'a>>,
    partition: Option<&'static str>,
}

impl<'t, 'a> Walk<'t, 'a, '_, '_> {
    fn resources(&mut self) {
        let Some(resources) = self.touched.resources else { return };
        let single = resources.is_object().then_some(resources);
        for resource in resources.items().chain(single) {
            for member in resource.members().filter(|member| member.traits.looks.arn) {
                // `ARN`; some exporters write `arn`.
                if !member.name().eq_ignore_ascii_case("arn") {
                    continue;
                }
                let Some(text) = self.text(member.value()).filter(|text| usable(text)) else { continue };
                if !self.arn(text, true) {
                    // Identity Center writes a bare id there.
                    self.key(text, arn::form_of(text), None, true);
                }
            }
        }
    }

    /// The text of a string, kept where it is not a slice of the record.
    fn text(&self, value: Json<'t, 'a>) -> Option<&'a str> {
        value.text().map(|text| self.keep(text))
    }

    fn keep(&self, text: Cow<'a, str>) -> &'a str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.texts.alloc_str(&text),
        }
    }

    fn root(&mut self, value: Option<Json<'t, 'a>>, call: bool) {
        let Some(value) = value else { return };
        let top = Place { member: None, parent: None, object: value, depth: 0, listed: false, set: false, call };
        if let Some(text) = self.text(value) {
            // A document in a string: its values are what stands between quotes.
            for text in text.split('"').take(4 * SIBLINGS_MAX).filter(|text| usable(text)) {
                self.string(text, &Place { depth: usize::MAX, call: false, ..top });
            }
            return;
        }
        self.object(value, &top);
    }

    /// Every member of an object that stands at `place`; its own depth is the place's.
    fn object(&mut self, object: Json<'t, 'a>, place: &Place<'t, 'a>) {
        for member in object.members() {
            let (looks, value) = (&member.traits.looks, member.value());
            if looks.secret || !(value.is_string() || value.is_object() || value.is_array()) {
                continue;
            }
            if looks.transparent && place.depth > 0 && (!looks.content || value.is_string()) {
                // A set, a list's element or the text of an XML element: called as what is around it.
                self.value(value, &Place { object, listed: true, set: true, ..*place });
            } else if place.depth == 0 && value.is_object() && self.is_wrapper(looks) {
                self.object(value, &Place { depth: 0, object: value, ..*place });
            } else {
                self.value(value, &Place { member: Some(member), parent: place.member, object, listed: false, set: false, ..*place });
            }
        }
    }

    /// API Gateway has a wrapper of its own, `createStageInput`; elsewhere an input is a thing, such as Glue's `tableInput`.
    fn is_wrapper(&self, looks: &Looks) -> bool {
        looks.wrapper || looks.input && self.touched.event_source.starts_with("apigateway.")
    }

    fn value(&mut self, value: Json<'t, 'a>, place: &Place<'t, 'a>) {
        if value.is_string() {
            if let Some(text) = self.text(value).filter(|text| usable(text)) {
                self.string(text, place);
            }
        } else if value.is_array() {
            for item in value.items() {
                self.value(item, &Place { listed: true, ..*place });
            }
        } else if value.is_object() {
            self.object(value, &Place { depth: place.depth.saturating_add(usize::from(!place.set)), ..*place });
        }
    }

    fn string(&mut self, text: &'a str, place: &Place<'t, 'a>) {
        let row = if place.call { self.row(place) } else { None };
        if text.starts_with("arn:") && self.arn(text, row.is_some()) {
            return;
        }
        if let Some(row) = row.filter(|row| row.take != Take::Arn) {
            return self.wait(text, place, What::Row(row));
        }
        let upper = text.starts_with('A');
        let form = if upper && ids::is_access_key(text) {
            Form::AccessKey
        } else if upper && ids::is_unique_id(before_colon(text)) {
            Form::UniqueId
        } else if ids::is_resource_id(text) {
            return self.wait(text, place, What::Looks);
        } else {
            return self.name(text, place);
        };
        let arn = if form == Form::UniqueId { self.beside(place.object, "arn").filter(|arn| is_of_iam(arn)) } else { None };
        self.key(before_colon(text), form, arn, false);
    }

    /// A string that has no shape of its own: what its key promises.
    fn name(&mut self, text: &'a str, place: &Place<'t, 'a>) {
        let looks = place.member.map(|member| &member.traits.looks);
        let word = looks.and_then(|looks| if place.listed { looks.word_of_list } else { looks.word });
        let uuid = matches!(word, Some(Word::Id | Word::Arn)) && ids::is_uuid(text);
        let asked = place.call && place.depth <= 1 && !fallback::is_noise_value(text);
        if let Some(word) = word.filter(|_| (uuid || asked) && !looks.is_some_and(|looks| looks.noise)) {
            return self.wait(text, place, What::Word(word));
        }
        for found in fallback::arns_in(text) {
            self.arn(found, false);
        }
    }

    fn wait(&mut self, text: &'a str, place: &Place<'t, 'a>, what: What) {
        self.pending.push(Pending { text, object: place.object, member: place.member, parent: place.parent, what });
    }

    fn row(&self, place: &Place<'t, 'a>) -> Option<&'static Row> {
        let [key, singular] = place.member?.traits.looks.row_keys;
        if key == 0 && singular == 0 {
            return None;
        }
        let stands_in = |parent: &str| {
            let name = place.parent.map(|parent| parent.name()).unwrap_or_default();
            fallback::singular_of(&name).eq_ignore_ascii_case(parent) || name.eq_ignore_ascii_case(parent)
        };
        self.call.rows(key, if place.listed { singular } else { 0 }).find(|row| match row.at {
            At::Any => true,
            At::Top => place.depth == 0,
            At::In(parent) => stands_in(parent),
        })
    }

    /// Takes an ARN with all that can be read from it; says whether it is one.
    fn arn(&mut self, text: &'a str, exact: bool) -> bool {
        let Some(parts) = arn::parse(text) else { return false };
        self.partition = self.partition.or(known_partition(parts.partition));
        if self.out.holds(text, exact) {
            return true;
        }
        let reading = arn::read(text, &parts);
        let canonical = reading.canonical.unwrap_or(text);
        self.key(canonical, Form::Arn, Some(canonical), exact);
        if canonical != text {
            self.key(text, Form::Arn, Some(canonical), exact);
        }
        if let Some(other) = arn::other(&parts).and_then(|parts| self.join(&parts)) {
            self.key(other, Form::Arn, Some(canonical), exact);
        }
        for (name, form) in reading.names().filter(|(name, _)| *name != "*") {
            self.key(name, form, Some(canonical), exact);
        }
        if let Some(parent) = reading.parent.filter(|parent| parent.len() < text.len()) {
            self.arn(parent, exact);
        }
        true
    }

    /// The parts as one text, unless too many have been built.
    fn join(&mut self, parts: &[&str]) -> Option<&'a str> {
        let length = parts.iter().map(|part| part.len()).sum();
        self.built += length;
        if self.built > BUILT_BYTES_MAX {
            return None;
        }
        let mut text = Text::with_capacity_in(length, self.texts);
        for part in parts {
            text.push_str(part);
        }
        Some(text.into_bump_str())
    }

    fn settle_all(&mut self) {
        for pending in std::mem::replace(&mut self.pending, Pieces::new_in(self.texts)) {
            match pending.what {
                // Only an exact key would still find room.
                What::Looks | What::Word(_) if self.out.is_full() => {}
                What::Row(row) => self.settle_row(row, &pending),
                What::Looks => self.settle_id(&pending, false),
                What::Word(word) => self.settle_word(word, &pending),
            }
        }
    }

    fn settle_row(&mut self, row: &'static Row, pending: &Pending<'t, 'a>) {
        let text = pending.text;
        match row.take {
            Take::Prefixed => self.settle_id(pending, true),
            Take::Target => self.settle_target(pending),
            Take::AccessKey => self.key(text, Form::AccessKey, None, true),
            Take::Unique => {
                let id = before_colon(text);
                // Beside a role session's id stands the session's ARN, not the role's.
                let arn = self
                    .beside(pending.object, "arn")
                    .filter(|arn| is_of_iam(arn))
                    .or_else(|| self.beside(self.touched.request?, "rolearn").filter(|arn| is_of_iam(arn)));
                let form = if ids::is_unique_id(id) { Form::UniqueId } else { Form::Id };
                self.resolved(id, form, arn, true);
            }
            Take::Queue => {
                let found = arn::queue(text, self.touched.aws_region);
                let partition = self.partition();
                let arn =
                    found.and_then(|(region, account, name)| self.join(&["arn:", partition, ":sqs:", region, ":", account, ":", name]));
                self.resolved(text, Form::Name, arn, true);
            }
            _ => self.settle_name(row, pending),
        }
    }

    fn settle_name(&mut self, row: &'static Row, pending: &Pending<'t, 'a>) {
        let text = pending.text;
        let mut template = row.arn;
        let mut account_id = None;
        let name = match row.take {
            Take::Lower if text.bytes().any(|byte| byte.is_ascii_uppercase()) => self.keep(Cow::Owned(text.to_ascii_lowercase())),
            Take::Function => {
                let (account, name) = arn::function(text);
                account_id = account;
                name
            }
            Take::LogGroup => text.trim_end_matches(":*"),
            Take::Parameter => text.trim_start_matches('/'),
            Take::Zone => text.rsplit('/').next().unwrap_or(text),
            Take::Key if text.starts_with("alias/") => {
                template = "kms:R:A:{}";
                text
            }
            Take::Rule => {
                let bus = self.field(pending.object, "eventbusname").filter(|bus| *bus != "default");
                if bus.is_some() {
                    template = "events:R:A:rule/{eventbusname}/{}";
                }
                text
            }
            Take::Classic => {
                if self.touched.api_version.is_some_and(|version| version > "2012-06-01") {
                    template = "";
                }
                text
            }
            Take::Tagged => {
                template = match self.field(pending.object, "resourcetype") {
                    Some("Parameter") => "ssm:R:A:parameter/{}",
                    Some("Document") => "ssm:R:A:document/{}",
                    Some("MaintenanceWindow") => "ssm:R:A:maintenancewindow/{}",
                    Some("PatchBaseline") => "ssm:R:A:patchbaseline/{}",
                    Some("ManagedInstance") => "ssm:R:A:managed-instance/{}",
                    _ => "",
                };
                text.trim_start_matches('/')
            }
            Take::SsoPrincipal => {
                let group = self.field(pending.object, "principaltype").is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
                template = if group { "identitystore:::group/{}" } else { "identitystore:::user/{}" };
                text
            }
            _ => text,
        };
        let arn = if template.is_empty() {
            self.sibling_arn(pending).or_else(|| self.known("", "", name))
        } else {
            let (service, kind) = service_and_kind(template);
            let known = if template.contains("{}") { self.known(service, kind, name) } else { None };
            known.or_else(|| self.build(template, name, pending.object, account_id))
        };
        if name != text {
            self.key(name, row.form, arn, true);
        }
        self.resolved(text, row.form, arn, true);
    }

    /// An id whose prefix tells its type: the thing that the call is about, where the call's name has the type's word in it.
    fn settle_id(&mut self, pending: &Pending<'t, 'a>, exact: bool) {
        let id = pending.text;
        let Some(prefix) = ids::prefix_of(id) else {
            let arn = self.known("", "", id).or_else(|| self.sibling_arn(pending));
            return self.key(id, Form::Id, arn, exact);
        };
        let own = self.touched.event_source.strip_suffix(".amazonaws.com").is_some_and(|service| service == prefix.service);
        let exact = exact || own && self.touched.event_name.contains(prefix.noun);
        let owner = self.owner(pending.object, prefix.prefix);
        if owner.is_none() && self.out.holds(id, exact) {
            return;
        }
        // Images are anybody's to share: their ARN has no account (Service Authorization Reference, Amazon EC2).
        let shared = matches!(prefix.kind, "image" | "fpga-image");
        let account_id = if shared { "" } else { owner.as_deref().unwrap_or(self.touched.account_id) };
        let (region, partition) = (self.touched.aws_region, self.partition());
        let arn = if region.is_empty() || account_id.is_empty() && !shared {
            None
        } else {
            self.join(&["arn:", partition, ":", prefix.service, ":", region, ":", account_id, ":", prefix.kind, "/", id])
        };
        self.resolved(id, Form::Id, arn, exact);
    }

    /// The account that stands beside an id.
    fn owner(&self, object: Json<'t, 'a>, prefix: &str) -> Option<Cow<'a, str>> {
        let names: &[&str] = match prefix {
            "sg" => &["groupOwnerId", "ownerId", "userId"],
            "vpc" => &["ownerId", "vpcOwnerId"],
            _ => &["ownerId"],
        };
        let fits = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        object
            .members()
            .take(SIBLINGS_MAX)
            .find(|member| member.traits.looks.owner && fits(&member.name()))
            .and_then(|member| member.value().scalar())
            .filter(|owner| ids::is_account_id(owner))
    }

    /// Where a session of Session Manager goes: an instance, or `ecs:CLUSTER_TASK_RUNTIME` (Amazon ECS Developer Guide, "ECS Exec").
    fn settle_target(&mut self, pending: &Pending<'t, 'a>) {
        let text = pending.text;
        let task = text.strip_prefix("ecs:").and_then(|rest| {
            let mut parts = rest.rsplitn(3, '_');
            let (_, task, cluster) = (parts.next()?, parts.next()?, parts.next()?);
            self.build(&format!("ecs:R:A:task/{cluster}/{{}}"), task, pending.object, None)
        });
        match task {
            Some(arn) => self.resolved(text, Form::Id, Some(arn), true),
            None => self.settle_id(pending, true),
        }
    }

    fn settle_word(&mut self, word: Word, pending: &Pending<'t, 'a>) {
        let text = pending.text;
        let form = if word == Word::Name { Form::Name } else { arn::form_of(text) };
        let arn = self.sibling_arn(pending).or_else(|| self.known("", "", text));
        self.key(text, form, arn, false);
    }

    /// Adds an ARN with what can be read from it, and the key that led to it.
    fn resolved(&mut self, key: &'a str, form: Form, arn: Option<&'a str>, exact: bool) {
        if let Some(arn) = arn {
            self.arn(arn, exact);
        }
        self.key(key, form, arn, exact);
    }

    fn key(&mut self, key: &'a str, form: Form, arn: Option<&'a str>, exact: bool) {
        self.out.add(Mention { key: Cow::Borrowed(key), form, arn: arn.map(Cow::Borrowed), exact });
    }

    /// An ARN of the record, of this service and type (any exact one where `service` is empty), in which the name stands.
    fn known(&mut self, service: &str, kind: &str, name: &str) -> Option<&'a str> {
        let Self { out, readings, .. } = self;
        let arns = out.as_slice().iter().filter(|held| held.form == Form::Arn).take(ARNS_COMPARED_MAX);
        for held in arns {
            let (Cow::Borrowed(key), Some(Cow::Borrowed(arn))) = (&held.key, &held.arn) else { continue };
            let same = std::ptr::eq(*key, *arn) || key == arn;
            if !same || arn.len() <= name.len() || service.is_empty() && !held.exact {
                continue;
            }
            let Some(named) = named(arn, readings) else { continue };
            let fits = service.is_empty() || named.service == service && named.resource.starts_with(kind);
            if fits && named.names.iter().flatten().any(|held| *held == name || held.strip_prefix('/') == Some(name)) {
                return Some(arn);
            }
        }
        None
    }

    /// The ARN beside a name: `arn`, or the one whose key has the same stem (`jobArn` beside `jobName`, `profileArn` beside the `name` of
    /// a `profile`).
    fn sibling_arn(&self, pending: &Pending<'t, 'a>) -> Option<&'a str> {
        let name = |member: Option<Member<'t, 'a>>| member.map(|member| member.name()).unwrap_or_default();
        let (key, parent) = (name(pending.member), name(pending.parent));
        let stem = match fallback::stem_of(&key) {
            "" => fallback::singular_of(&parent),
            stem => stem,
        };
        let fits = |other: &str| {
            let head = other.len().checked_sub("arn".len()).and_then(|at| other.get(..at));
            head.is_some_and(|head| head.is_empty() || head.eq_ignore_ascii_case(stem))
        };
        let beside = |object: Json<'t, 'a>| {
            let mut members = object.members().take(SIBLINGS_MAX);
            let found = members.find(|other| other.traits.looks.arn && other.value().is_string() && fits(&other.name()))?;
            self.text(found.value()).filter(|text| usable(text) && arn::parse(text).is_some())
        };
        beside(pending.object).or_else(|| if stem.is_empty() { None } else { beside(self.touched.response?) })
    }

    /// A member of an object, whatever its case.
    fn beside(&self, object: Json<'t, 'a>, key: &str) -> Option<&'a str> {
        let mut members = object.members().take(SIBLINGS_MAX);
        let text = members.find(|other| other.name().eq_ignore_ascii_case(key))?.value().scalar()?;
        Some(self.keep(text)).filter(|text| usable(text))
    }

    /// A field that a name needs: beside it, or in the request or the response.
    fn field(&self, object: Json<'t, 'a>, key: &str) -> Option<&'a str> {
        let value = self
            .beside(object, key)
            .or_else(|| self.beside(self.touched.request?, key))
            .or_else(|| self.beside(self.touched.response?, key))?;
        match arn::parse(value) {
            Some(parts) => Some(arn::read(value, &parts).name?.0),
            None => Some(value),
        }
    }

    fn build(&mut self, template: &str, name: &str, object: Json<'t, 'a>, account_id: Option<&str>) -> Option<&'a str> {
        let mut of_template = template.splitn(4, ':');
        let (service, region, account, resource) = (of_template.next()?, of_template.next()?, of_template.next()?, of_template.next()?);
        let own = account_id.unwrap_or(self.touched.account_id);
        let region = if region == "R" { some(self.touched.aws_region)? } else { "" };
        let account = match account {
            "A" => some(own)?,
            "{registryid}" => self.field(object, "registryid").or_else(|| some(own))?,
            _ => "",
        };
        let mut parts = Vec::with_capacity(16);
        parts.extend(["arn:", self.partition(), ":", service, ":", region, ":", account, ":"]);
        let mut rest = resource;
        while let Some((before, after)) = rest.split_once('{') {
            let (key, after) = after.split_once('}')?;
            parts.push(before);
            parts.push(match key {
                "" => name,
                "cluster" => self.field(object, key).or_else(|| self.field(object, "clusterarn")).unwrap_or("default"),
                "groupname" if service == "scheduler" => self.field(object, key).unwrap_or("default"),
                _ => self.field(object, key)?,
            });
            rest = after;
        }
        parts.push(rest);
        self.join(&parts)
    }

    fn partition(&self) -> &'static str {
        self.partition.unwrap_or_else(|| arn::partition_of(self.touched.aws_region))
    }
}

/// What an ARN says, read once: names are compared with the same few again and again.
fn named<'r, 'a>(arn: &'a str, readings: &'r mut Pieces<'_, Named<'a>>) -> Option<&'r Named<'a>> {
    let at = match readings.iter().position(|held| std::ptr::eq(held.arn, arn)) {
        Some(at) => at,
        None => {
            let parts = arn::parse(arn)?;
            let mut names = arn::read(arn, &parts).names().map(|(name, _)| name);
            let names = [names.next(), names.next()];
            if readings.len() == ARNS_COMPARED_MAX {
                readings.clear();
            }
            readings.push(Named { arn, service: parts.service, resource: parts.resource, names });
            readings.len() - 1
        }
    };
    readings.get(at)
}

fn before_colon(text: &str) -> &str {
    text.split(':').next().unwrap_or(text)
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn usable(text: &str) -> bool {
    text.len() <= KEY_BYTES_MAX && !text.chars().all(char::is_whitespace) && !fallback::is_hidden(text)
}

fn is_of_iam(text: &str) -> bool {
    arn::parse(text).is_some_and(|parts| parts.service == "iam")
}

fn known_partition(partition: &str) -> Option<&'static str> {
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"]
        .into_iter()
        .find(|known| *known == partition)
}

fn service_and_kind(template: &str) -> (&str, &str) {
    let service = template.split(':').next().unwrap_or("");
    let resource = template.splitn(4, ':').nth(3).unwrap_or("");
    (service, resource.split('{').next().unwrap_or(""))
}
