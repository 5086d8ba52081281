//! Instantiates the generic code of this crate for ids of common types. In a build without optimisation, other crates
//! reuse these instances and compile only those for other types of ids. In an optimised build every crate compiles its
//! own, so this module is left out.

use crate::handler::{
    Children, DynFound, FindContext, Found, Ids, IntoFound, IntoOutcome, IntoSurvivors, IntoVetoes,
    Invocation, MethodFuture, Outcome, Pairs, PerParent, ReplyResult, StepContext, Veto,
};
use crate::ids::{IdKind, ResourceId};
use crate::model::{Delete, Operation, OperationDescriptor, StepError};

/// Converts a call of a method to the engine's reply.
type Answers<T> =
    for<'a, 'w> fn(&Invocation<'a, 'w>, MethodFuture<'a, Result<T, StepError>>) -> ReplyResult<'a>;

/// Reads the ids and the context of a call.
type Arguments<Id, Cx> = for<'c, 'a, 'w> fn(&'c Invocation<'a, 'w>) -> Option<(&'a [Id], &'a Cx)>;

/// The instances for ids of one type: tables, arguments of calls, and answers. For finders, parents and children have
/// ids of the same type.
struct ForIds<Id: 'static> {
    _kind: fn() -> IdKind,
    _found: fn(Found<Id, Id>) -> Box<dyn DynFound>,
    _to_find: Arguments<Id, FindContext>,
    _to_step: Arguments<Id, StepContext>,
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

/// All instances. Public, because the compiler drops private code that is not used.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "not part of the public interface")]
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
