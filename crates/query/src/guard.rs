//! A user's SQL in; passed on only where it can but read.

use crate::error::{Error, Result};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{self, Visit as _};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use std::ops::ControlFlow;

/// Letters of a query, at most.
pub(crate) const SQL_BYTES_MAX: usize = 1 << 20;

/// Refuses all but queries, `EXPLAIN` of them, `SHOW TABLES` and `DESCRIBE`.
pub(crate) fn check(text: &str) -> Result<()> {
    let refuse = |what: &str| Err(Error::NotAQuery { what: what.to_owned() });
    if text.len() > SQL_BYTES_MAX {
        return refuse("it is longer than 1 MiB");
    }
    let statements =
        DFParser::parse_sql_with_dialect(text, &GenericDialect {}).map_err(|error| Error::Query { source: Box::new(error) })?;
    if statements.len() != 1 {
        return refuse("give one statement");
    }
    match statements.front() {
        Some(Statement::Statement(statement)) => check_statement(statement),
        Some(Statement::Explain(explain)) => match explain.statement.as_ref() {
            Statement::Statement(statement) => check_statement(statement),
            _ => refuse("EXPLAIN takes a query"),
        },
        _ => refuse("it would copy, make or change something"),
    }
}

fn check_statement(statement: &ast::Statement) -> Result<()> {
    let ast::Statement::Query(query) = statement else {
        return match statement {
            ast::Statement::ShowTables { .. } | ast::Statement::ShowColumns { .. } | ast::Statement::ExplainTable { .. } => Ok(()),
            _ => Err(Error::NotAQuery { what: "it would change something".into() }),
        };
    };
    // A name with a slash or a dot and an ending is a file, not a table.
    let found = ast::visit_relations(query, |name| {
        let text = name.to_string();
        if text.contains('/') || text.contains('\\') || text.contains("://") || text.contains('\'') {
            ControlFlow::Break(text)
        } else {
            ControlFlow::Continue(())
        }
    });
    let mut writes = WritesInside(false);
    let _ = query.visit(&mut writes);
    match found {
        ControlFlow::Break(name) => Err(Error::NotAQuery { what: format!("{name} is no table") }),
        ControlFlow::Continue(()) if writes.0 => Err(Error::NotAQuery { what: "it holds a statement that changes something".into() }),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct WritesInside(bool);

impl ast::Visitor for WritesInside {
    type Break = ();

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        if matches!(
            query.body.as_ref(),
            ast::SetExpr::Insert(_) | ast::SetExpr::Update(_) | ast::SetExpr::Delete(_) | ast::SetExpr::Merge(_)
        ) {
            self.0 = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn queries_pass() {
        for sql in [
            "select 1",
            "select * from events where event_name = 'x;y'",
            "with a as (select 1) select * from a",
            "explain select 1",
            "show tables",
            "describe events",
        ] {
            assert!(check(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn all_else_is_refused() {
        for sql in [
            "drop table events",
            "create external table t stored as csv location '/etc/passwd'",
            "copy events to '/tmp/x.csv'",
            "insert into events select * from events",
            "create view v as select 1",
            "set datafusion.execution.batch_size = 1",
            "select 1; select 2",
            "select * from '/etc/passwd'",
            "delete from events",
            "update events set event_id = ''",
            "create table t as select 1",
            "explain insert into events values (1)",
            "nonsense",
        ] {
            assert!(check(sql).is_err(), "{sql}");
        }
    }
}
