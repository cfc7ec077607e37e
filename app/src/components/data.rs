//! Data that a page asks the server for.
//!
//! All pages share one type of resource, whatever they ask for, which keeps the browser's bundle smaller than one for
//! each type would (docs/adr/0005-data-of-pages.md). What it carries is a value of any type, or the JSON text of one that the server has written into the
//! page; [`Data`] knows which type to take it for.

use std::any::Any;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use domain::error::{Problem, ProblemCode};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos::reactive::computed::suspense::SuspenseContext;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{ApiError, ApiResult};
use crate::components::live::Live;
use crate::text::api as text;

/// A question that got no answer is put again after this time.
const AGAIN: Duration = Duration::from_secs(3);

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
/// Where the server does not answer, the question is put until it does: what is shown stays, and the head of the page says
/// how it is.
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
                .ok_or_else(|| unreadable(&text::ANOTHER_TYPE)),
        })
    }

    /// Asks again.
    pub fn refetch(self) {
        self.answer.refetch();
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> ApiError {
    Problem::new(ProblemCode::Internal, text::data_unreadable(error)).into()
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
    let live = use_context::<Live>();
    // Gone with the page.
    let page = StoredValue::new(());
    Resource::new_with_options(
        move || Asked(Arc::new(Mutex::new(Some(ask())))),
        move |asked: Asked| {
            let call = asked
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let call = call.unwrap_or_else(|| again());
            answered(call, Arc::clone(&again), page, live)
        },
        false,
    )
}

/// The answer to a call, which in the browser is made again until there is one.
fn answered(
    call: Pending,
    again: Arc<dyn Fn() -> Pending + Send + Sync>,
    page: StoredValue<()>,
    live: Option<Live>,
) -> Pending {
    Box::pin(async move {
        let mut answer = call.await;
        let is_unanswered = |answer: &Answer| answer.as_ref().is_err_and(ApiError::is_unanswered);
        // The server asks itself, and puts into the page what it hears.
        if cfg!(feature = "ssr") || !is_unanswered(&answer) {
            return answer;
        }
        if let Some(live) = live {
            live.begin_waiting();
        }
        while is_unanswered(&answer) {
            pause(AGAIN).await;
            if page.try_get_value().is_none() {
                break;
            }
            let call = untrack(|| again());
            answer = call.await;
        }
        if let Some(live) = live {
            live.end_waiting();
        }
        answer
    })
}

/// Lets time pass in the browser.
async fn pause(length: Duration) {
    // Whether it is over, and who is to be told.
    let state = Arc::new(Mutex::new((false, None::<Waker>)));
    let begun = Arc::clone(&state);
    set_timeout(
        move || {
            let mut state = begun.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 = true;
            if let Some(waker) = state.1.take() {
                waker.wake();
            }
        },
        length,
    );
    poll_fn(|context| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(context.waker().clone());
        Poll::Pending
    })
    .await;
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
