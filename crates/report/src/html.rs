//! A report as one page: no network, no script needed to read it, a policy that allows nothing but what is in it.
//!
//! Every value goes through [`plain`], which makes visible what does not print, and through the template's escaping.

use crate::calendar;
use crate::catalogue::{Catalogue, Language};
use crate::error::{Error, Result};
use crate::markdown::{CARDS, mark};
use crate::model::{Data, Kind, Report, Rows, Table};
use crate::opinion::Finding;
use crate::said::{cut, said};
use crate::sections::index;
use crate::svg;
use crate::text::plain;
use crate::trend;
use base64::Engine as _;
use minijinja::Environment;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const TEMPLATE: &str = include_str!("../templates/report.html.j2");
pub(crate) const STYLE: &str = include_str!("../templates/style.css");
const SCRIPT: &str = include_str!("../templates/filter.js");

/// Rows of a table on a page, at most; its file has all.
const ROWS_SHOWN_MAX: usize = 1_000;
/// Accounts of the heat table, at most.
const HEAT_ACCOUNTS_MAX: usize = 20;

#[derive(Serialize)]
struct Page {
    language: &'static str,
    title: String,
    style: &'static str,
    script: &'static str,
    policy: String,
    text: BTreeMap<&'static str, String>,
    state: &'static str,
    mark: &'static str,
    opinion: String,
    findings: Vec<Said>,
    facts: Vec<(String, String)>,
    cards: Vec<Card>,
    sections: Vec<Part>,
    index: Vec<(String, String, Vec<usize>)>,
    definitions: Vec<(String, String)>,
    recreate: String,
    versions: Vec<(String, i64)>,
    configuration: Vec<(String, String)>,
    files: Vec<String>,
}

#[derive(Serialize)]
struct Card {
    title: String,
    total: u64,
    /// Its last 30 days, as a chart.
    chart: Option<String>,
    before: Option<String>,
}

#[derive(Serialize)]
struct Said {
    text: String,
    hole: bool,
}

#[derive(Serialize)]
struct Part {
    number: usize,
    id: String,
    title: String,
    about: String,
    controls: Vec<&'static str>,
    chart: Option<String>,
    legend: Vec<(String, String)>,
    tables: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    title: String,
    file: String,
    columns: Vec<(String, &'static str)>,
    rows: Vec<Vec<Cell>>,
    more: Option<String>,
    note: Option<String>,
}

#[derive(Serialize)]
struct Cell {
    text: String,
    class: &'static str,
}

/// A finding as a sentence.
pub(crate) fn finding(finding: &Finding, catalogue: &Catalogue) -> String {
    catalogue.with(&format!("finding-{}", finding.code.replace('_', "-")), &[("count", &finding.count.to_string())])
}

fn source(text: &str) -> String {
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// What a page's policy allows: our style and those scripts, by their hashes, and nothing else.
pub(crate) fn policy(scripts: &[&str]) -> String {
    let scripts = scripts.iter().map(|script| source(script)).collect::<Vec<_>>().join(" ");
    let scripts = if scripts.is_empty() { "'none'".to_owned() } else { scripts };
    format!("default-src 'none'; style-src {}; script-src {scripts}; img-src data:; base-uri 'none'; form-action 'none'", source(STYLE))
}

/// The page of a report in a language, one of those that it is made in.
pub(crate) fn page(report: &Report<'_>, data: &Data, catalogue: &Catalogue, languages: &[Language]) -> Result<String> {
    let failed =
        |error: minijinja::Error| Error::Write { part: format!("report.{}.html", catalogue.language().code()), source: error.into() };
    let words = [
        "skip",
        "prepared",
        "reviewed",
        "approved",
        "filter",
        "filter-hint",
        "contents",
        "controls",
        "control",
        "label",
        "sections",
        "file",
        "index-title",
        "index-about",
        "definitions-title",
        "recreate-title",
        "recreate-about",
        "versions",
        "configuration",
        "files-title",
        "no-rows",
        "signoff",
        "findings-title",
        "shown",
        "table-scroll",
    ];
    let page = Page {
        language: catalogue.language().code(),
        title: format!("{} {}", catalogue.text("page-title"), report.period.label),
        style: STYLE,
        script: SCRIPT,
        policy: policy(&[SCRIPT]),
        text: words.into_iter().map(|word| (word, catalogue.text(&format!("word-{word}")))).collect(),
        state: report.opinion.state.word(),
        mark: mark(report),
        opinion: catalogue.text(&format!("opinion-{}", report.opinion.state.word())),
        findings: report.opinion.findings.iter().map(|found| Said { text: finding(found, catalogue), hole: found.hole }).collect(),
        facts: facts(report, catalogue),
        cards: CARDS.iter().map(|card| self::card(card, report, data, catalogue)).collect(),
        sections: report.sections.iter().map(|section| part(section, report, data, catalogue)).collect(),
        index: index()
            .into_iter()
            .map(|(control, sections)| (control.to_owned(), catalogue.text(&format!("control-{}", control.replace('.', "-"))), sections))
            .collect(),
        definitions: ["proven", "attested", "probable", "ambiguous", "claimed", "unknown"]
            .iter()
            .map(|word| (catalogue.text(&format!("certainty-{word}")), catalogue.text(&format!("meaning-{word}"))))
            .collect(),
        recreate: recreate(report, languages),
        configuration: report.configuration.iter().map(|(name, hash)| (plain(name).into_owned(), hash.clone())).collect(),
        versions: report.lake_versions.iter().map(|(table, version)| (table.clone(), *version)).collect(),
        files: report.sections.iter().flat_map(|section| section.tables.iter().map(|table| file_name(section.number, table))).collect(),
    };
    let mut environment = Environment::new();
    environment.add_template("report.html", TEMPLATE).map_err(failed)?;
    let template = environment.get_template("report.html").map_err(failed)?;
    template.render(minijinja::value::Serde(page)).map_err(failed)
}

fn file_name(number: usize, table: &Table) -> String {
    format!("{number:02}-{}.csv", table.id)
}

/// A number with its last 30 days, and that of the same day a week before; days of UTC, as the trend has them.
fn card(name: &str, report: &Report<'_>, data: &Data, catalogue: &Catalogue) -> Card {
    let title = catalogue.text(&format!("card-{}", name.replace('_', "-")));
    let days = trend::days(name, data, &report.clock);
    let before =
        trend::week_before(&days, data).map(|(day, number)| catalogue.with("card-before", &[("day", day), ("count", &number.to_string())]));
    Card { chart: svg::spark(&days, &title, catalogue), title, total: report.totals.get(name).copied().unwrap_or_default(), before }
}

/// The command that makes this report again, for a shell.
fn recreate(report: &Report<'_>, languages: &[Language]) -> String {
    let (flags, zone) = (&report.clock.flags, &report.period.time_zone);
    let languages = languages.iter().map(|language| language.code()).collect::<Vec<_>>().join(",");
    let company = report.company.as_deref().map(|company| format!(" --company '{}'", plain(company).replace('\'', "'\\''")));
    format!("whodid report {flags} --tz {zone} --lang {languages}{} --out DIR && whodid report verify DIR", company.unwrap_or_default())
}

fn facts(report: &Report<'_>, catalogue: &Catalogue) -> Vec<(String, String)> {
    const FORM: &str = "%Y-%m-%d %H:%M:%S %:z";
    let clock = &report.clock;
    let (from, until) = (clock.local(&report.period.from, FORM), clock.local(&report.period.until, FORM));
    let total = |name: &str| report.totals.get(name).copied().unwrap_or_default().to_string();
    let mut facts = vec![
        ("fact-period", catalogue.with("page-period", &[("from", &from), ("until", &until), ("zone", &report.period.time_zone)])),
        ("fact-as-of", report.as_of.as_deref().map_or_else(|| "-".to_owned(), |as_of| clock.local(as_of, FORM))),
        ("fact-scope", catalogue.with("page-scope", &[("accounts", &total("logged_accounts")), ("regions", &total("logged_regions"))])),
        ("fact-events", total("events")),
        ("fact-version", format!("whodid {}", report.tool_version)),
        (
            "fact-previous",
            report.previous.as_ref().map_or_else(
                || catalogue.text("no-previous"),
                |previous| format!("{} sha256 {}", plain(&previous.period), plain(&previous.manifest_sha256)),
            ),
        ),
    ];
    if let Some(company) = &report.company {
        facts.insert(0, ("fact-company", plain(company).into_owned()));
    }
    facts.into_iter().map(|(key, value)| (catalogue.text(key), value)).collect()
}

fn part(section: &crate::model::Section<'_>, report: &Report<'_>, data: &Data, catalogue: &Catalogue) -> Part {
    let mut tables = Vec::new();
    for table in &section.tables {
        tables.push(match table.id {
            "people_by_account" => shown(section.number, table, &heat(table.named.0), report, catalogue),
            _ => shown(section.number, table, table.named.0, report, catalogue),
        });
    }
    let (mut chart, mut legend) = (None, Vec::new());
    if section.id == "summary" {
        chart = report.rows("changes_by_hour").and_then(|rows| svg::hours(rows, &report.clock, catalogue));
        legend = ["people", "machines"].iter().map(|word| ((*word).to_owned(), catalogue.text(&format!("legend-{word}")))).collect();
    }
    if section.id == "attribution" {
        chart = svg::certainty_by_day(data.table("trend"), catalogue);
        let words = ["proven", "attested", "probable", "ambiguous", "claimed", "unknown"];
        legend = words.iter().map(|word| ((*word).to_owned(), catalogue.text(&format!("certainty-{word}")))).collect();
    }
    if section.id == "completeness" {
        chart = svg::delays(data.table("delay"), catalogue);
        legend = vec![("people".to_owned(), catalogue.text("legend-delays"))];
        tables.insert(1, covered(data, report, catalogue));
    }
    Part {
        number: section.number,
        id: section.id.replace('_', "-"),
        title: catalogue.text(&format!("section-{}", section.id)),
        about: catalogue.text(&format!("about-{}", section.id)),
        controls: section.controls.to_vec(),
        legend: if chart.is_some() { legend } else { Vec::new() },
        chart,
        tables,
    }
}

/// Rows as they stand on a page.
fn shown(number: usize, table: &Table<'_>, rows: &Rows, report: &Report<'_>, catalogue: &Catalogue) -> Shown {
    let class = |column: &str| match Kind::of(column) {
        Kind::Number => "n",
        Kind::Code => "c",
        Kind::Time => "t",
        _ => "",
    };
    let heat = table.id == "people_by_account";
    let columns = rows.columns.iter().map(|column| (title(column, catalogue), class(column))).collect();
    let cell = |column: &String, value: &Option<String>| Cell {
        text: match value.as_deref() {
            Some(value) => said(column, value, &report.clock, catalogue),
            None if matches!(column.as_str(), "created" | "age_days") => catalogue.text("value-not-in-lake"),
            None => String::new(),
        },
        class: if heat && column != "actor_id" { shade(value.as_deref()) } else { class(column) },
    };
    let cells =
        rows.rows.iter().take(ROWS_SHOWN_MAX).map(|row| rows.columns.iter().zip(row).map(|(column, value)| cell(column, value)).collect());
    let file = file_name(number, table);
    let more = (table.truncated || rows.rows.len() > ROWS_SHOWN_MAX).then(|| {
        let key = if table.truncated { "more-rows-truncated" } else { "more-rows" };
        catalogue.with(
            key,
            &[("shown", &ROWS_SHOWN_MAX.min(rows.rows.len()).to_string()), ("all", &rows.rows.len().to_string()), ("file", &file)],
        )
    });
    Shown {
        id: table.id.replace('_', "-"),
        title: catalogue.text(&format!("table-{}", table.id)),
        columns,
        rows: cells.collect(),
        note: table.note.map(|note| catalogue.text(&format!("note-{}-{}", table.id, note.replace('_', "-")))),
        more,
        file,
    }
}

fn title(column: &str, catalogue: &Catalogue) -> String {
    let key = format!("column-{}", column.replace('_', "-"));
    if catalogue.has(&key) { catalogue.text(&key) } else { plain(column).into_owned() }
}

/// How dark a number is.
fn shade(value: Option<&str>) -> &'static str {
    match value.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default() {
        0 => "n",
        1..=9 => "n h1",
        10..=99 => "n h2",
        _ => "n h3",
    }
}

/// Persons down, accounts across.
fn heat(rows: &Rows) -> Rows {
    let mut by_person: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    let mut by_account: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &rows.rows {
        let (person, account) = (rows.get(row, "actor_id").unwrap_or_default(), rows.get(row, "account_id").unwrap_or_default());
        let changes = rows.number(row, "changes");
        *by_person.entry(person).or_default().entry(account).or_default() += changes;
        *by_account.entry(account).or_default() += changes;
    }
    let mut busiest: Vec<(&str, u64)> = by_account.into_iter().collect();
    busiest.sort_by(|one, other| (other.1, one.0).cmp(&(one.1, other.0)));
    let accounts: BTreeSet<&str> = busiest.iter().take(HEAT_ACCOUNTS_MAX).map(|(account, _)| *account).collect();
    let columns = std::iter::once("actor_id").chain(accounts.iter().copied()).map(str::to_owned).collect();
    let row = |(person, of): (&str, BTreeMap<&str, u64>)| {
        let counts = accounts.iter().map(|account| Some(of.get(account).copied().unwrap_or_default().to_string()));
        std::iter::once(Some(person.to_owned())).chain(counts).collect()
    };
    Rows { columns, rows: by_person.into_iter().map(row).collect(), truncated: rows.truncated }
}

/// Accounts down, days across.
fn covered(data: &Data, report: &Report<'_>, catalogue: &Catalogue) -> Shown {
    let (days, accounts) = calendar::calendar(data.table("days"), data.table("gaps_of_days"), &report.clock);
    let day = |mark: &str| Cell { text: mark.to_owned(), class: "d" };
    let row = |(account, marks): &(String, Vec<&str>)| {
        std::iter::once(Cell { text: cut(account), class: "" }).chain(marks.iter().map(|mark| day(mark))).collect()
    };
    Shown {
        id: "days".into(),
        title: catalogue.text("table-days"),
        file: String::new(),
        columns: std::iter::once((title("account_id", catalogue), "")).chain(days.into_iter().map(|day| (day, "d"))).collect(),
        rows: accounts.iter().take(ROWS_SHOWN_MAX).map(row).collect(),
        more: None,
        note: None,
    }
}
