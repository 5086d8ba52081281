//! The changes of an inventory, as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use rusqlite::types::Value;
use rusqlite::{Connection, Row};

/// All rows of all tables: by table and primary key, the other columns.
pub(crate) type Dump = BTreeMap<(String, String), BTreeMap<String, String>>;

pub(crate) fn dump(connection: &Connection) -> rusqlite::Result<Dump> {
    let mut dump = Dump::new();
    for table in texts(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")? {
        let keys = texts(
            connection,
            &format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk"),
        )?;
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let columns: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key: Vec<String> = keys.iter().map(|key| text(row, key)).collect::<rusqlite::Result<_>>()?;
            let others = columns.iter().filter(|column| !keys.contains(column));
            let values = others.map(|column| Ok((column.clone(), text(row, column)?)));
            dump.insert((table.clone(), key.join("/")), values.collect::<rusqlite::Result<_>>()?);
        }
    }
    Ok(dump)
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn text(row: &Row<'_>, column: &str) -> rusqlite::Result<String> {
    Ok(match row.get(column)? {
        Value::Null => String::from("NULL"),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(_) => String::from("<blob>"),
    })
}

/// The whole inventory, a line a row.
pub(crate) fn lines(dump: &Dump) -> Vec<String> {
    let line = |((table, key), values): (&(String, String), &BTreeMap<String, String>)| {
        format!("{table} {key} {values:?}")
    };
    dump.iter().map(line).collect()
}

/// The difference: a line per table with removed rows, and a line for each changed or new row. Other rows are
/// unchanged.
pub(crate) fn changes(before: &Dump, after: &Dump) -> String {
    let mut removed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, key) in before.keys().filter(|row| !after.contains_key(*row)) {
        removed.entry(table).or_default().push(key);
    }
    let mut text = String::new();
    for (table, mut keys) in removed {
        keys.sort_by_key(|key| (key.len(), *key));
        let _: Result<(), _> = writeln!(text, "- {table}: {}", keys.join(", "));
    }
    for ((table, key), values) in after {
        match before.get(&(table.clone(), key.clone())) {
            None => {
                let _: Result<(), _> = writeln!(text, "+ {table}: {key}");
            }
            Some(old) if old != values => {
                let changed = values.iter().filter(|(column, value)| old.get(*column) != Some(*value));
                let changed: Vec<String> =
                    changed.map(|(column, value)| format!("{column} {} -> {value}", old[column])).collect();
                let _: Result<(), _> = writeln!(text, "~ {table} {key}: {}", changed.join(", "));
            }
            Some(_) => {}
        }
    }
    text
}
