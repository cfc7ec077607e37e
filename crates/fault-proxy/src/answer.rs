//! EC2's answers: error bodies, and small changes to what moto has answered.

/// A call that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// EC2's word.
    pub(crate) code: String,
    /// What it says to people.
    pub(crate) message: String,
    /// What `Retry-After` says.
    pub(crate) retry_after_secs: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after_secs: None,
        }
    }

    /// The HTTP status that EC2 gives with this word.
    pub(crate) fn status(&self) -> u16 {
        match self.code.as_str() {
            "RequestLimitExceeded" | "Unavailable" | "ServiceUnavailable" => 503,
            "InsufficientInstanceCapacity" | "InternalError" | "InternalFailure" => 500,
            "AuthFailure" => 401,
            "UnauthorizedOperation" | "PendingVerification" | "OptInRequired" => 403,
            "DryRunOperation" => 412,
            _ => 400,
        }
    }

    /// The error body.
    pub(crate) fn body(&self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error>\
             </Errors><RequestID>00000000-0000-4000-8000-000000000000</RequestID></Response>",
            escaped(&self.code),
            escaped(&self.message)
        )
    }
}

/// The texts of all elements of this name, in their order.
pub(crate) fn texts<'a>(xml: &'a str, element: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts
        .filter_map(|part| part.split(close.as_str()).next())
        .collect()
}

/// The answer with each entry of a list changed or left out.
pub(crate) fn map_items(xml: &str, list: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let (open, close) = (format!("<{list}>"), format!("</{list}>"));
    let Some((before, rest)) = xml.split_once(open.as_str()) else {
        return xml.to_owned();
    };
    let Some((inside, after)) = rest.rsplit_once(close.as_str()) else {
        return xml.to_owned();
    };
    let kept: String = items(inside).into_iter().filter_map(change).collect();
    format!("{before}{open}{kept}{close}{after}")
}

/// The answer without what leads to the next page.
pub(crate) fn without_next_page(xml: &str) -> String {
    let Some((before, rest)) = xml.split_once("<nextToken>") else {
        return xml.to_owned();
    };
    let after = rest
        .split_once("</nextToken>")
        .map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// The entry of an instance with the reason of its state in place of moto's.
pub(crate) fn with_reason(item: &str, code: &str) -> String {
    let reason = format!(
        "<stateReason><code>{code}</code><message>{code}: there is no capacity</message></stateReason>"
    );
    let Some((before, rest)) = item.split_once("<stateReason>") else {
        return item.to_owned();
    };
    let after = rest
        .split_once("</stateReason>")
        .map_or("", |(_, after)| after);
    format!("{before}{reason}{after}")
}

/// The `<item>` elements that stand side by side, whatever is nested in them.
fn items(xml: &str) -> Vec<&str> {
    const OPEN: &str = "<item>";
    const CLOSE: &str = "</item>";
    let (mut found, mut depth, mut start, mut at) = (Vec::new(), 0_u32, 0, 0);
    while let Some(next) = xml[at..].find('<').map(|next| at + next) {
        if xml[next..].starts_with(OPEN) {
            if depth == 0 {
                start = next;
            }
            depth += 1;
        } else if xml[next..].starts_with(CLOSE) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                found.push(&xml[start..next + CLOSE.len()]);
            }
        }
        at = next + 1;
    }
    found
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "<a><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><stateReason><code/></stateReason>\
                        </item></instancesSet></item><item><instancesSet><item><instanceId>i-2</instanceId></item></instancesSet>\
                        </item></reservationSet><nextToken>n</nextToken></a>";

    #[test]
    fn entries_are_left_out_and_changed() {
        assert_eq!(texts(LIST, "instanceId"), ["i-1", "i-2"]);
        let less = map_items(LIST, "reservationSet", |item| {
            (!item.contains("i-1")).then(|| item.to_owned())
        });
        assert_eq!(texts(&less, "instanceId"), ["i-2"]);
        assert!(less.contains("<nextToken>n</nextToken>"));
        let changed = map_items(LIST, "reservationSet", |item| {
            Some(with_reason(item, "Server.X"))
        });
        assert_eq!(texts(&changed, "code"), ["Server.X"]);
        assert_eq!(map_items("<a/>", "reservationSet", |_| None), "<a/>");
    }

    #[test]
    fn a_page_forgets_the_next() {
        let last = without_next_page(LIST);
        assert!(!last.contains("nextToken") && last.ends_with("</reservationSet></a>"));
    }

    #[test]
    fn an_error_is_escaped() {
        let refusal = Refusal::new("InternalError", "a < b & c");
        assert_eq!(refusal.status(), 500);
        assert!(
            refusal
                .body()
                .contains("<Message>a &lt; b &amp; c</Message>")
        );
    }
}
