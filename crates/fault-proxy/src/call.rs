//! One call of the Query protocol: a form whose field `Action` names it.

use std::collections::BTreeMap;

use base64::Engine as _;

use crate::answer::Refusal;

/// The most bytes of user data that EC2 takes, decoded.
const USER_DATA_BYTES: usize = 16 * 1024;

/// A call, as its form says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call(BTreeMap<String, String>);

impl Call {
    /// Reads a body; none if it is no call of this protocol.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let fields: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
        fields.contains_key("Action").then_some(Self(fields))
    }

    /// Its name.
    pub(crate) fn action(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    /// A parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether a parameter is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The token of a call that makes an instance. A trial (`DryRun`) makes none.
    pub(crate) fn token(&self) -> Option<&str> {
        let makes = self.action() == "RunInstances" && self.get("DryRun") != Some("true");
        self.get("ClientToken").filter(|_| makes)
    }

    /// The instance's tags.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        let kinds = self.0.iter().filter(|(key, value)| {
            key.starts_with("TagSpecification.")
                && key.ends_with(".ResourceType")
                && *value == "instance"
        });
        let prefixes = kinds.filter_map(|(key, _)| key.strip_suffix("ResourceType"));
        let mut tags = BTreeMap::new();
        for prefix in prefixes {
            for number in 1.. {
                let part = |end: &str| self.get(&format!("{prefix}Tag.{number}.{end}"));
                let Some(key) = part("Key") else { break };
                tags.insert(key.to_owned(), part("Value").unwrap_or_default().to_owned());
            }
        }
        tags
    }

    /// What EC2 refuses and moto does not.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let Some(text) = self.get("UserData") else {
            return Ok(());
        };
        match base64::engine::general_purpose::STANDARD.decode(text) {
            Err(_) => Err(Refusal::new(
                "InvalidUserData.Malformed",
                "Invalid BASE64 encoding of user data",
            )),
            Ok(bytes) if bytes.len() > USER_DATA_BYTES => Err(Refusal::new(
                "InvalidParameterValue",
                "User data is limited to 16384 bytes",
            )),
            Ok(_) => Ok(()),
        }
    }

    /// The form with no more than `size` entries a page asked for.
    pub(crate) fn with_pages_of(mut self, size: u32) -> Self {
        if self.action().starts_with("Describe") && !self.has("InstanceId.1") {
            let asked = self.get("MaxResults").and_then(|text| text.parse().ok());
            let size = asked.unwrap_or(size).min(size);
            self.0.insert("MaxResults".to_owned(), size.to_string());
        }
        self
    }

    /// The form as a body.
    pub(crate) fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(body: &str) -> Call {
        Call::read(body.as_bytes()).expect("a call")
    }

    #[test]
    fn tags_of_the_instance_are_read() {
        let call = call(
            "Action=RunInstances&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=a&\
             TagSpecification.2.ResourceType=instance&TagSpecification.2.Tag.1.Key=weir%3Aserver&\
             TagSpecification.2.Tag.1.Value=s1&TagSpecification.2.Tag.2.Key=empty",
        );
        let tags = call.tags();
        assert_eq!(tags["weir:server"], "s1");
        assert_eq!(tags["empty"], "");
        assert_eq!(tags.len(), 2);
    }

    #[test]
    fn user_data_has_its_limit() {
        let with = |bytes: usize| {
            let text = base64::engine::general_purpose::STANDARD.encode(vec![b'x'; bytes]);
            let body = form_urlencoded::Serializer::new(String::new())
                .append_pair("Action", "RunInstances")
                .append_pair("UserData", &text)
                .finish();
            call(&body).check()
        };
        assert!(with(16 * 1024).is_ok());
        let refusal = with(16 * 1024 + 1).expect_err("too much");
        assert_eq!(refusal.code, "InvalidParameterValue");
        let refusal = call("Action=RunInstances&UserData=%25")
            .check()
            .expect_err("no base64");
        assert_eq!(refusal.code, "InvalidUserData.Malformed");
    }

    #[test]
    fn pages_are_capped() {
        let size = |body: &str| {
            call(body)
                .with_pages_of(10)
                .get("MaxResults")
                .map(str::to_owned)
        };
        assert_eq!(size("Action=DescribeInstances").as_deref(), Some("10"));
        assert_eq!(
            size("Action=DescribeInstances&MaxResults=1000").as_deref(),
            Some("10")
        );
        assert_eq!(
            size("Action=DescribeInstances&MaxResults=5").as_deref(),
            Some("5")
        );
        assert_eq!(size("Action=RunInstances"), None);
    }
}
