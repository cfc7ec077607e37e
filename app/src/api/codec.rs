//! How calls travel: JSON in both directions, in the body of a `POST`.
//!
//! Not `server_fn`'s own protocol: it is compiled anew for the arguments and the answer of each function. Here only the
//! reading and the writing of JSON are; the call itself is one (docs/adr/0005-data-of-pages.md).

use std::pin::Pin;
use std::str;

use domain::error::ProblemCode;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::Post;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::response::ClientRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http, Protocol};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};

use super::ApiError;

/// The way of every server function: `#[server(protocol = Call)]`.
pub struct Call;

/// The same on the server, where size does not matter.
type Served = Http<Post<JsonText>, Post<JsonText>>;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, ApiError> for Call
where
    Input: Serialize + DeserializeOwned + Send,
    Output: Serialize + DeserializeOwned + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
{
    const METHOD: http::Method = http::Method::POST;

    async fn run_server<F, Fut>(request: S::Request, server_fn: F) -> Result<S::Response, ApiError>
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, ApiError>> + Send,
    {
        <Served as Protocol<Input, Output, C, S, ApiError>>::run_server(request, server_fn).await
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, ApiError> {
        let body = serde_json::to_string(&input).map_err(|error| {
            ApiError::from_server_fn_error(ServerFnErrorErr::Serialization(error.to_string()))
        })?;
        let answer = send::<C>(path, body).await?;
        serde_json::from_str(&answer).map_err(|error| {
            ApiError::from_server_fn_error(ServerFnErrorErr::Deserialization(error.to_string()))
        })
    }
}

/// Sends the arguments and gives the answer, both as JSON.
fn send<'a, C: Client<ApiError>>(
    path: &'a str,
    body: String,
) -> Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send + 'a>> {
    Box::pin(async move {
        let json = JsonText::CONTENT_TYPE;
        let response = C::send(C::Request::try_new_post(path, json, json, body)?).await?;
        let status = response.status();
        if status >= 400 {
            let error = ApiError::de(response.try_into_bytes().await?);
            // What stands between answers for a Weir that is away, in words of its own.
            let is_away = matches!(status, 502..=504) && error.0.code == ProblemCode::Internal;
            return Err(if is_away {
                ApiError::from_server_fn_error(ServerFnErrorErr::Response(status.to_string()))
            } else {
                error
            });
        }
        response.try_into_string().await
    })
}

/// JSON, read as text: resources read their data as text too, and a second reader would double the code that reads
/// each type.
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        let text = str::from_utf8(&bytes).map_err(serde_json::Error::custom)?;
        serde_json::from_str(text)
    }
}
