//! Data that a page asks the server for.
//!
//! All pages share one type of resource, whatever they ask for, which keeps the browser's bundle smaller than one for
//! each type would (docs/adr/0005-data-of-pages.md). What it carries is a value of any type, or the JSON text of one that the server has written into the
//! page; [`Data`] knows which type to take it for.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use domain::error::{Problem, ProblemCode};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos::reactive::computed::suspense::SuspenseContext;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{ApiError, ApiResult};

/// The answer to a question that is asked again whenever what it depends on changes.
pub struct Data<T> {
    answer: Resource<Answer, Carrier>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Data<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Data<T> {}

/// Data from the server. `ask` reads the signals that the question depends on and gives the call; what it reads inside
/// of the call's future does not count.
///
/// Not inside of a view that waits for other data ([`loaded`](super::load::loaded)), except where that view is made in
/// the browser alone: the server makes such a view once or twice, as the answers come, and the browser would take the
/// answer of one question for that of another.
pub fn data<T, Call>(ask: impl Fn() -> Call + Send + Sync + 'static) -> Data<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    Call: Future<Output = ApiResult<T>> + Send + 'static,
{
    #[cfg(feature = "ssr")]
    debug_assert!(
        use_context::<SuspenseContext>().is_none(),
        "data is asked for inside of a view that waits for data"
    );
    let ask = move || -> Pending {
        let call = ask();
        Box::pin(async move { call.await.map(|value| Carried::Value(Arc::new(value))) })
    };
    Data {
        answer: resource(Arc::new(ask)),
        of: PhantomData,
    }
}

impl<T: DeserializeOwned + Clone + Send + Sync + 'static> Data<T> {
    /// The newest answer, once there is one.
    pub fn get(self) -> Option<ApiResult<T>> {
        self.answer.get().map(|answer| match answer? {
            Carried::Text(text) => serde_json::from_str(&text).map_err(|error| unreadable(&error)),
            Carried::Value(value) => value
                .any()
                .downcast_ref::<T>()
                .cloned()
                .ok_or_else(|| unreadable(&"another type")),
        })
    }

    /// Asks again.
    pub fn refetch(self) {
        self.answer.refetch();
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> ApiError {
    let detail = format!("The data of this page cannot be read: {error}. Load the page again.");
    Problem::new(ProblemCode::Internal, detail).into()
}

type Answer = ApiResult<Carried>;
type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Data without its type.
#[derive(Clone)]
enum Carried {
    /// As the server wrote it into the page.
    Text(Arc<str>),
    /// As a call brought it.
    Value(Arc<dyn Carry>),
}

/// What a resource can carry.
trait Carry: Send + Sync {
    fn any(&self) -> &dyn Any;
    /// Only the server writes data into pages.
    #[cfg(feature = "ssr")]
    fn json(&self) -> serde_json::Result<String>;
}

impl<T: Serialize + Send + Sync + 'static> Carry for T {
    fn any(&self) -> &dyn Any {
        self
    }

    #[cfg(feature = "ssr")]
    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// The one resource. Its source reads the question's signals and holds the call that they led to.
fn resource(ask: Arc<dyn Fn() -> Pending + Send + Sync>) -> Resource<Answer, Carrier> {
    let again = Arc::clone(&ask);
    Resource::new_with_options(
        move || Asked(Arc::new(Mutex::new(Some(ask())))),
        move |asked: Asked| {
            let call = asked
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            call.unwrap_or_else(|| again())
        },
        false,
    )
}

/// A question that has been put. No two are equal: each change of what it depends on asks again.
#[derive(Clone)]
struct Asked(Arc<Mutex<Option<Pending>>>);

impl PartialEq for Asked {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

/// How answers get from the server into the page: `+` and the data, or `-` and the problem, as JSON.
struct Carrier;

impl Encoder<Answer> for Carrier {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(answer: &Answer) -> Result<String, Self::Error> {
        match answer {
            Ok(Carried::Text(text)) => Ok(format!("+{text}")),
            #[cfg(feature = "ssr")]
            Ok(Carried::Value(value)) => Ok(format!("+{}", value.json()?)),
            #[cfg(not(feature = "ssr"))]
            Ok(Carried::Value(_)) => Ok(String::new()),
            Err(problem) => Ok(format!("-{}", serde_json::to_string(problem)?)),
        }
    }
}

impl Decoder<Answer> for Carrier {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<Answer, Self::Error> {
        match text.strip_prefix('+') {
            Some(json) => Ok(Ok(Carried::Text(json.into()))),
            None => serde_json::from_str(text.strip_prefix('-').unwrap_or(text)).map(Err),
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn through(answer: &Answer) -> Answer {
        Carrier::decode(&Carrier::encode(answer).expect("text")).expect("an answer")
    }

    #[test]
    fn a_value_is_text_behind_the_wire() {
        match through(&Ok(Carried::Value(Arc::new(vec![1, 2])))) {
            Ok(Carried::Text(text)) => assert_eq!(&*text, "[1,2]"),
            _ => panic!("a value comes as text"),
        }
    }

    #[test]
    fn a_problem_stays_a_problem() {
        let problem = ApiError(Problem::not_found("pool"));
        assert_eq!(through(&Err(problem.clone())).err(), Some(problem));
    }
}
