//! The SQL that the extensions share. In every statement, `?1` is the list of ids: `… WHERE id IN rarray(?1)`.

use std::rc::Rc;

use cascade_core::Veto;
use rusqlite::types::{FromSql, Value};
use rusqlite::{Connection, ToSql};

use crate::db::{Db, DbError};
use crate::id::Id;
use crate::table::Stored;

/// Ids as one parameter of a statement.
pub fn array<T: AsRef<str>>(ids: &[T]) -> Rc<Vec<Value>> {
    Rc::new(ids.iter().map(|id| Value::Text(id.as_ref().to_owned())).collect())
}

/// The first column of all rows.
pub fn column<T: FromSql>(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(parameters, |row| row.get(0))?.collect()
}

impl Db {
    /// The pairs of a parent and a child that a query selects for these parents.
    pub async fn pairs<P: Id, C: Id>(
        &self,
        parents: &[P],
        sql: &'static str,
    ) -> Result<Vec<(P, C)>, DbError> {
        let parents = parents.to_vec();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([array(&parents)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .await
    }

    /// Like [`pairs`](Self::pairs), with a further parameter `?2`.
    pub async fn pairs_in<P: Id, C: Id, I: Id>(
        &self,
        parents: &[P],
        other: &I,
        sql: &'static str,
    ) -> Result<Vec<(P, C)>, DbError> {
        let (parents, other) = (parents.to_vec(), other.as_ref().to_owned());
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let parameters: [&dyn ToSql; 2] = [&array(&parents), &other];
            statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .await
    }

    /// The ids that a query selects for these ids.
    pub async fn select<I: Id, T: FromSql + Send + 'static>(
        &self,
        ids: &[I],
        sql: &'static str,
    ) -> Result<Vec<T>, DbError> {
        let ids = ids.to_vec();
        self.read(move |connection| column(connection, sql, &[&array(&ids)])).await
    }

    /// Runs statements one after another, in one transaction.
    pub async fn change<I: Id>(
        &self,
        ids: &[I],
        statements: impl IntoIterator<Item = &'static str>,
    ) -> Result<(), DbError> {
        let (ids, statements) = (ids.to_vec(), Vec::from_iter(statements));
        self.write(move |transaction| {
            let ids = array(&ids);
            for sql in statements {
                transaction.prepare_cached(sql)?.execute([&ids])?;
            }
            Ok(())
        })
        .await
    }

    /// Like [`change`](Self::change), with a further parameter `?2`.
    pub async fn change_in<I: Id, O: Id>(
        &self,
        ids: &[I],
        other: &O,
        statements: impl IntoIterator<Item = &'static str>,
    ) -> Result<(), DbError> {
        let (ids, other) = (ids.to_vec(), other.as_ref().to_owned());
        let statements = Vec::from_iter(statements);
        self.write(move |transaction| {
            let ids = array(&ids);
            for sql in statements {
                transaction.prepare_cached(sql)?.execute([&ids as &dyn ToSql, &other])?;
            }
            Ok(())
        })
        .await
    }

    /// Removes rows that are marked as deleted: the cleanup of a resource.
    pub async fn purge<R: Stored>(&self, ids: &[R::Id]) -> Result<(), DbError> {
        let ids = ids.to_vec();
        let sql = format!("DELETE FROM {} WHERE id IN rarray(?1) AND deleted = 1", R::TABLE);
        self.write(move |transaction| transaction.prepare_cached(&sql)?.execute([array(&ids)])).await?;
        Ok(())
    }

    /// Those of the ids that still exist. A row that is marked as deleted does not exist.
    pub async fn live<R: Stored>(&self, ids: &[R::Id]) -> Result<Vec<R::Id>, DbError> {
        let sql = format!("SELECT id FROM {} WHERE id IN rarray(?1) AND {}", R::TABLE, R::LIVE);
        let ids = ids.to_vec();
        self.read(move |connection| column(connection, &sql, &[&array(&ids)])).await
    }

    /// An objection for each instance that is protected.
    pub async fn protected<R: Stored>(&self, ids: &[R::Id]) -> Result<Vec<Veto<R::Id>>, DbError> {
        let sql = format!("SELECT id FROM {} WHERE id IN rarray(?1) AND protected = 1", R::TABLE);
        let ids = ids.to_vec();
        let protected = self.read(move |connection| column(connection, &sql, &[&array(&ids)])).await?;
        Ok(protected.into_iter().map(|id: R::Id| Veto::new(id, "it is protected")).collect())
    }
}
