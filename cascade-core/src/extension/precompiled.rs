//! What is compiled of this crate for ids of common types is compiled here, once: where a build is not optimised, crates
//! take it from here, and compile it only for other types of ids. An optimised build has each crate compile its own, and
//! leaves this out.

use crate::handler::{
    Children, DynFound, FindContext, Found, Ids, IntoFound, IntoOutcome, IntoSurvivors, IntoVetoes,
    Invocation, MethodFuture, Outcome, Pairs, PerParent, ReplyResult, StepContext, Veto,
};
use crate::ids::{IdKind, ResourceId};
use crate::model::{Delete, Operation, OperationDescriptor, StepError};

/// What makes an answer of a method ours.
type Answers<T> =
    for<'a, 'w> fn(&Invocation<'a, 'w>, MethodFuture<'a, Result<T, StepError>>) -> ReplyResult<'a>;

/// What lends ids with a context.
type Lends<Id, Cx> = for<'c, 'a, 'w> fn(&'c Invocation<'a, 'w>) -> Option<(&'a [Id], &'a Cx)>;

/// What there is for ids of one type: tables of them, calls about them, and answers with them. Finders are those between
/// two resources that have them.
struct ForIds<Id: 'static> {
    _kind: fn() -> IdKind,
    _found: fn(Found<Id, Id>) -> Box<dyn DynFound>,
    _to_find: Lends<Id, FindContext>,
    _to_step: Lends<Id, StepContext>,
    _pairs: Answers<Vec<(Id, Id)>>,
    _per_parent: Answers<PerParent<Id>>,
    _children: Answers<Vec<Id>>,
    _done: Answers<()>,
    _outcome: Answers<Outcome<Id>>,
    _vetoes: Answers<Vec<Veto<Id>>>,
    _survivors: Answers<Vec<Id>>,
}

impl<Id: ResourceId> ForIds<Id> {
    const fn new() -> Self {
        Self {
            _kind: IdKind::of::<Id>,
            _found: |found| Box::new(found),
            _to_find: <Id as Ids<Id>>::to_find,
            _to_step: <Id as Ids<Id>>::to_step,
            _pairs: <Vec<(Id, Id)> as IntoFound<Id, Id, Pairs>>::answered::<StepError>,
            _per_parent: <PerParent<Id> as IntoFound<Id, Id, PerParent<Id>>>::answered::<StepError>,
            _children: <Vec<Id> as IntoFound<Id, Id, Children>>::answered::<StepError>,
            _done: <() as IntoOutcome<Id>>::answered::<StepError>,
            _outcome: <Outcome<Id> as IntoOutcome<Id>>::answered::<StepError>,
            _vetoes: <Vec<Veto<Id>> as IntoVetoes<Id>>::answered::<StepError>,
            _survivors: <Vec<Id> as IntoSurvivors<Id>>::answered::<StepError>,
        }
    }
}

/// All that is compiled here. Public in name, so that it is compiled at all.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct ForCommonIds {
    _numbers: ForIds<u64>,
    _signed: ForIds<i64>,
    _texts: ForIds<String>,
    _delete: fn() -> OperationDescriptor,
}

/// See [`ForCommonIds`].
#[doc(hidden)]
pub static FOR_COMMON_IDS: ForCommonIds = ForCommonIds {
    _numbers: ForIds::new(),
    _signed: ForIds::new(),
    _texts: ForIds::new(),
    _delete: Delete::descriptor,
};
