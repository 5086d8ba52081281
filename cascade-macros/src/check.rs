//! What must hold for edges, finders and rules together.

use crate::errors::Errors;
use crate::model::Model;

pub(crate) fn check(_model: &Model, _errors: &mut Errors) {}
