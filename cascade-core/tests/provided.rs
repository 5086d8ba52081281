//! The values that a program provides to the fields of its extensions, by type and by name.

#![cfg(feature = "inventory")]
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{BuildError, CascadeBuilder, FaultKind, Provided};

/// The one resource.
#[derive(Debug, Resource)]
#[resource(id = u64)]
pub struct Zone;

/// A database, which notes who uses it.
#[derive(Clone)]
struct Db {
    name: &'static str,
    used: Arc<Mutex<Vec<&'static str>>>,
}

impl Db {
    fn named(name: &'static str) -> Self {
        Self { name, used: Arc::default() }
    }
}

#[derive(Extension)]
struct ZoneCascade {
    #[provided(name = "primary")]
    primary: Db,
    #[provided(name = "replica")]
    replica: Db,
    other: Db,
}

#[cascade(resource = Zone)]
impl ZoneCascade {
    #[on(Delete)]
    async fn remove(&self, _: &[u64]) -> Result<(), StepError> {
        let names = [self.primary.name, self.replica.name, self.other.name];
        self.other.used.lock().map_err(|_| "a panic")?.extend(names);
        Ok(())
    }
}

fn builder() -> CascadeBuilder {
    Cascade::linked().provide(Db::named("other")).provide_named("primary", Db::named("first"))
}

/// The faults, each without its places.
fn faults(builder: CascadeBuilder) -> Vec<String> {
    let error: BuildError = builder.build().expect_err("a value is missing or provided twice");
    error.faults().iter().map(|fault| format!("{}: {}", fault.message(), fault.help())).collect()
}

#[tokio::test]
async fn each_named_field_gets_the_value_of_its_name() {
    let other = Db::named("other");
    let cascade = Cascade::linked()
        .provide_named("replica", Db::named("second"))
        .provide(other.clone())
        .provide_named("primary", Db::named("first"))
        .build()
        .expect("every field has a value");
    let plan = cascade.plan(Delete, Zone::roots([1_u64])).await.expect("there is a plan");
    assert!(cascade.apply(plan).await.expect("the run ends").is_complete());
    assert_eq!(*other.used.lock().expect("no panic"), ["first", "second", "other"]);
}

#[test]
fn a_missing_named_value_is_a_fault_with_the_nearest_name() {
    let near = builder().provide_named("replicas", Db::named("second"));
    assert_eq!(
        faults(near),
        [
            "`ZoneCascade` has a field `replica`, but no value of type `provided::Db` was provided under the name \
          `replica`: did you mean `replicas`?"
        ]
    );
    // A value of another type has the name.
    assert_eq!(
        faults(builder().provide_named("replica", 7_u64)),
        [
            "`ZoneCascade` has a field `replica`, but no value of type `provided::Db` was provided under the name \
          `replica`: add `.provide_named(\"replica\", …)` with a value of this type before `.build()`"
        ]
    );
}

#[test]
fn an_unnamed_field_gets_no_named_value() {
    let named = Cascade::linked()
        .provide_named("replica", Db::named("second"))
        .provide_named("primary", Db::named("first"));
    assert_eq!(
        faults(named),
        [
            "`ZoneCascade` has a field `other`, but no value of its type was provided: values of type `provided::Db` \
          are provided under these names: `primary`, `replica`; add `#[provided(name = \"…\")]` to the field, or \
          `.provide(…)` before `.build()`"
        ]
    );
}

#[test]
fn a_type_that_is_provided_twice_under_one_name_is_a_fault_with_both_places() {
    let complete = || builder().provide_named("replica", Db::named("second"));
    complete().build().expect("one type under several names is no fault");
    for (again, name) in [
        (complete().provide(Db::named("again")), "without a name"),
        (complete().provide_named("replica", Db::named("again")), "under the name `replica`"),
    ] {
        let error = again.build().expect_err("two values");
        let [fault] = error.faults() else { panic!("one mistake, one fault: {error}") };
        assert_eq!(fault.kind(), FaultKind::ProvidedTwice);
        assert_eq!(fault.message(), format!("a value of type `provided::Db` is provided twice {name}"));
        let [again, first] = fault.places() else { panic!("both places: {error}") };
        assert!(again.file.ends_with("provided.rs") && first.file == again.file, "{error}");
        assert!(again.line > first.line, "{error}");
        assert!(error.to_string().contains(&format!("--> {}:{}\n", again.file, again.line)), "{error}");
    }
}

#[test]
fn every_value_that_is_provided_twice_is_reported() {
    let again = builder().provide_named("replica", Db::named("second")).provide(1).provide(2).provide(3);
    let again = again.provide("a").provide("b");
    let error = again.build().expect_err("values are provided twice");
    assert_eq!(error.faults().len(), 3, "{error}");
}

#[test]
fn a_set_of_values_can_be_asked_by_name() {
    let mut provided = Provided::default();
    provided.insert(1);
    provided.insert_named("two", 2);
    assert_eq!((provided.get(), provided.get_named("two")), (Some(1), Some(2)));
    assert_eq!((provided.get::<u8>(), provided.get_named::<i32>("one")), (None, None));
}
