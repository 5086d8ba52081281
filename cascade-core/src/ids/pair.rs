//! Ids of two columns.

use std::fmt::{self, Display, Write};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::percent::{Escaped, unescaped};

/// The id of a resource whose key has two columns, such as the row of an association table.
///
/// A pair prints as its parts with a `/` between them. Within a part, `/`, `%`, `"` and control characters are escaped as
/// in URLs (`/` is `%2F`), so that different pairs never print alike if their parts do not. The printed text is accepted
/// wherever an id is accepted as text. In JSON a pair is an array: `[7,"admin"]`.
///
/// A part can be a pair itself, for keys of three columns.
///
/// ```
/// use cascade_core::Pair;
/// use cascade_core::prelude::*;
///
/// #[derive(Resource)]
/// #[resource(id = Pair<u64, String>)]
/// pub struct Membership;
///
/// let member = Pair(7, String::from("admin/eu"));
/// assert_eq!(member.to_string(), "7/admin%2Feu");
/// assert_eq!("7/admin%2Feu".parse(), Ok(member.clone()));
/// assert_eq!(serde_json::to_string(&member)?, r#"[7,"admin/eu"]"#);
///
/// let roots = Membership::roots([(7, String::from("admin/eu"))]);
/// assert_eq!(roots.ids(), [member]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair<A, B>(
    /// The first column.
    pub A,
    /// The second column.
    pub B,
);

/// Why a text is not a [`Pair`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParsePairError<A, B> {
    /// The text does not consist of two parts.
    #[error("a pair is two parts with one `/` between them; write a `/` within a part as `%2F`")]
    NotTwoParts,
    /// A part contains a character that has to be escaped, or an escape that is invalid.
    #[error("within a part of a pair, write `%` as `%25` and `\"` as `%22`")]
    BadEscape,
    /// The first part is invalid.
    #[error("the first part of the pair is invalid")]
    First(#[source] A),
    /// The second part is invalid.
    #[error("the second part of the pair is invalid")]
    Second(#[source] B),
}

/// The two parts of a printed pair, without escapes.
fn parts<A, B>(text: &str) -> Result<(String, String), ParsePairError<A, B>> {
    let (first, second) = text.split_once('/').ok_or(ParsePairError::NotTwoParts)?;
    if second.contains('/') {
        return Err(ParsePairError::NotTwoParts);
    }
    unescaped(first).zip(unescaped(second)).ok_or(ParsePairError::BadEscape)
}

impl<A: Display, B: Display> Display for Pair<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaped(&mut *f), "{}", self.0)?;
        f.write_char('/')?;
        write!(Escaped(f), "{}", self.1)
    }
}

impl<A: FromStr, B: FromStr> FromStr for Pair<A, B> {
    type Err = ParsePairError<A::Err, B::Err>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, second) = parts(text)?;
        let first = first.parse().map_err(ParsePairError::First)?;
        Ok(Self(first, second.parse().map_err(ParsePairError::Second)?))
    }
}

impl<A, B> From<(A, B)> for Pair<A, B> {
    fn from((first, second): (A, B)) -> Self {
        Self(first, second)
    }
}

impl<A, B> From<Pair<A, B>> for (A, B) {
    fn from(Pair(first, second): Pair<A, B>) -> Self {
        (first, second)
    }
}

/// An array of the parts.
impl<A: Serialize, B: Serialize> Serialize for Pair<A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.0, &self.1).serialize(serializer)
    }
}

/// Reads an array of the parts. Formats for people may also have the printed text, whose parts are read as strings, else
/// as JSON.
impl<'de, A: DeserializeOwned, B: DeserializeOwned> Deserialize<'de> for Pair<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(PairVisitor(PhantomData))
        } else {
            <(A, B)>::deserialize(deserializer).map(Self::from)
        }
    }
}

struct PairVisitor<A, B>(PhantomData<(A, B)>);

impl<'de, A: DeserializeOwned, B: DeserializeOwned> Visitor<'de> for PairVisitor<A, B> {
    type Value = Pair<A, B>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of two parts, or two parts with a `/` between them")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let first = list.next_element()?.ok_or_else(|| S::Error::invalid_length(0, &self))?;
        let second = list.next_element()?.ok_or_else(|| S::Error::invalid_length(1, &self))?;
        Ok(Pair(first, second))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let (first, second) = parts::<E, E>(text).map_err(E::custom)?;
        Ok(Pair(part(first)?, part(second)?))
    }
}

/// A part of a printed pair, read as a string, else as JSON.
fn part<T: DeserializeOwned, E: serde::de::Error>(text: String) -> Result<T, E> {
    let as_json = serde_json::from_str(&text);
    serde_json::from_value(Value::String(text)).or_else(|error| as_json.map_err(|_| E::custom(error)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Three = Pair<Pair<String, u64>, String>;

    fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::String(text.to_owned()))
    }

    #[test]
    fn separator_and_escapes_within_parts_are_escaped() {
        let pair = |first: &str, second: &str| Pair(first.to_owned(), second.to_owned());
        for (pair, text) in [
            (pair("a", "b"), "a/b"),
            (pair("", ""), "/"),
            (pair("a/b", "c"), "a%2Fb/c"),
            (pair("a", "b/c"), "a/b%2Fc"),
            (pair("100%", "%2F"), "100%25/%252F"),
            (pair("[\"a", "b\"]"), "[%22a/b%22]"),
            (pair("a\nb", "é\u{85}"), "a%0Ab/é%C2%85"),
        ] {
            assert_eq!(pair.to_string(), text);
            assert_eq!(text.parse(), Ok(pair.clone()));
            assert_eq!(read::<Pair<String, String>>(text).unwrap(), pair);
        }
    }

    #[test]
    fn text_that_is_no_pair_is_an_error_that_says_how_to_write_it() {
        type Words = Pair<String, String>;
        for text in ["", "a", "a/b/c", "//"] {
            assert_eq!(text.parse::<Words>(), Err(ParsePairError::NotTwoParts), "{text}");
        }
        for text in ["a%/b", "a%2/b", "a%zz/b", "%+f/b", "é%é/b", "%ff/b", "\"a\"/b", "a\n/b"] {
            assert_eq!(text.parse::<Words>(), Err(ParsePairError::BadEscape), "{text:?}");
            assert!(read::<Words>(text).is_err(), "{text:?}");
        }
        let error = "x/7".parse::<Pair<u64, u64>>().unwrap_err();
        assert_eq!(error.to_string(), "the first part of the pair is invalid");
        assert!(matches!("7/x".parse::<Pair<u64, u64>>(), Err(ParsePairError::Second(_))));
        for json in ["[1]", "[1,2,3]", "[]", "{}", "7", "null"] {
            assert!(serde_json::from_str::<Pair<u64, u64>>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn parts_that_are_numbers_are_numbers_in_json() {
        let pair = Pair(7_u64, Pair(String::from("a"), 8_i32));
        assert_eq!(serde_json::to_string(&pair).unwrap(), r#"[7,["a",8]]"#);
        assert_eq!(serde_json::from_str::<Pair<u64, Pair<String, i32>>>(r#"[7,["a",8]]"#).unwrap(), pair);
        assert_eq!(pair.to_string(), "7/a%2F8");
    }

    proptest! {
        #[test]
        fn printed_pair_is_read_back(first in ".*", number: u64, last in ".*") {
            let pair: Three = Pair(Pair(first, number), last);
            let text = pair.to_string();
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(&text.parse::<Three>().unwrap(), &pair);
            prop_assert_eq!(&read::<Three>(&text).unwrap(), &pair);
            let json = serde_json::to_string(&pair).unwrap();
            prop_assert_eq!(serde_json::from_str::<Three>(&json).unwrap(), pair);
            // The JSON form is never also a printed text.
            prop_assert!(json.parse::<Three>().is_err());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a%/\"2F\\PC]{0,12}") {
            if let Ok(pair) = text.parse::<Pair<String, String>>() {
                prop_assert_eq!(pair.to_string().parse::<Pair<String, String>>(), Ok(pair));
            }
        }
    }
}
