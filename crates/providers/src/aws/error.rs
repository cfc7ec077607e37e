//! EC2's words for what went wrong, and what they mean here.

use serde::Deserialize;

use super::wire::{Answer, Broken};
use crate::ProviderError;

/// A call that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// AWS has refused it.
    Refused(Refusal),
    /// There is no answer.
    Broken(Broken),
    /// There is an answer that cannot be read.
    Unread(String),
    /// It was never sent, for want of credentials.
    NoCredentials(ProviderError),
}

/// What AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// AWS's word.
    pub(super) code: String,
    /// AWS's sentence.
    pub(super) message: String,
    /// Seconds to wait.
    pub(super) retry_after_secs: Option<u32>,
}

/// What a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Capacity,
    Quota,
    Throttled,
    Auth,
    /// A setting is wrong: the key of the form's field, empty where it may be any.
    Invalid(&'static str),
    NotFound,
    Conflict,
    /// AWS itself does not know.
    Unknown,
}

/// EC2's and STS's words. A word that is not here is judged by its status: 4xx is a refusal, 5xx proves nothing.
const CODES: &[(&str, Class)] = &[
    ("InsufficientCapacity", Class::Capacity),
    ("InsufficientFreeAddressesInSubnet", Class::Capacity),
    ("InsufficientHostCapacity", Class::Capacity),
    ("InsufficientInstanceCapacity", Class::Capacity),
    ("InsufficientReservedInstanceCapacity", Class::Capacity),
    ("InsufficientVolumeCapacity", Class::Capacity),
    ("SpotMaxPriceTooLow", Class::Capacity),
    ("InstanceLimitExceeded", Class::Quota),
    ("MaxIOPSLimitExceeded", Class::Quota),
    ("MaxSpotInstanceCountExceeded", Class::Quota),
    ("NetworkInterfaceLimitExceeded", Class::Quota),
    ("ResourceLimitExceeded", Class::Quota),
    ("VcpuLimitExceeded", Class::Quota),
    ("VolumeLimitExceeded", Class::Quota),
    ("EC2ThrottledException", Class::Throttled),
    ("RequestLimitExceeded", Class::Throttled),
    ("RequestThrottled", Class::Throttled),
    ("Throttling", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("TooManyRequestsException", Class::Throttled),
    ("AccessDenied", Class::Auth),
    ("AccessDeniedException", Class::Auth),
    ("AuthFailure", Class::Auth),
    ("Blocked", Class::Auth),
    ("ExpiredToken", Class::Auth),
    ("ExpiredTokenException", Class::Auth),
    ("IncompleteSignature", Class::Auth),
    ("InvalidClientTokenId", Class::Auth),
    ("InvalidSignatureException", Class::Auth),
    ("MissingAuthenticationToken", Class::Auth),
    ("OptInRequired", Class::Auth),
    ("PendingVerification", Class::Auth),
    ("RequestExpired", Class::Auth),
    ("SignatureDoesNotMatch", Class::Auth),
    ("UnauthorizedOperation", Class::Auth),
    ("UnrecognizedClientException", Class::Auth),
    ("InvalidAMIID.Malformed", Class::Invalid("image_id")),
    ("InvalidAMIID.NotFound", Class::Invalid("image_id")),
    ("InvalidAMIID.Unavailable", Class::Invalid("image_id")),
    (
        "InvalidBlockDeviceMapping",
        Class::Invalid("volume_size_gib"),
    ),
    (
        "InvalidGroup.NotFound",
        Class::Invalid("security_group_ids"),
    ),
    (
        "InvalidGroupId.Malformed",
        Class::Invalid("security_group_ids"),
    ),
    (
        "InvalidSecurityGroupID.NotFound",
        Class::Invalid("security_group_ids"),
    ),
    ("InvalidInstanceType", Class::Invalid("instance_types")),
    ("Unsupported", Class::Invalid("instance_types")),
    ("InvalidKeyPair.Format", Class::Invalid("key_pair_name")),
    ("InvalidKeyPair.NotFound", Class::Invalid("key_pair_name")),
    ("InvalidSubnet", Class::Invalid("subnet_ids")),
    ("InvalidSubnetID.Malformed", Class::Invalid("subnet_ids")),
    ("InvalidSubnetID.NotFound", Class::Invalid("subnet_ids")),
    ("MissingInput", Class::Invalid("subnet_ids")),
    ("VPCIdNotSpecified", Class::Invalid("subnet_ids")),
    (
        "InvalidIamInstanceProfile",
        Class::Invalid("instance_profile"),
    ),
    ("NoSuchEntity", Class::Invalid("instance_profile")),
    (
        "InvalidUserData.Malformed",
        Class::Invalid("startup_script"),
    ),
    ("InvalidTagKey.Malformed", Class::Invalid("tags")),
    ("TagLimitExceeded", Class::Invalid("tags")),
    ("InvalidParameter", Class::Invalid("")),
    ("InvalidParameterCombination", Class::Invalid("")),
    ("InvalidParameterValue", Class::Invalid("")),
    ("MissingParameter", Class::Invalid("")),
    ("UnknownParameter", Class::Invalid("")),
    ("InvalidInstanceID.Malformed", Class::NotFound),
    ("InvalidInstanceID.NotFound", Class::NotFound),
    // The machine of this token was made and has ended: there is none, and with this token there will be none.
    ("IdempotentInstanceTerminated", Class::NotFound),
    ("IdempotentParameterMismatch", Class::Conflict),
    ("InternalError", Class::Unknown),
    ("InternalFailure", Class::Unknown),
    ("ServiceUnavailable", Class::Unknown),
    ("Unavailable", Class::Unknown),
];

/// What EC2 says of several parameters in the same word, by a part of its sentence.
const SENTENCES: &[(&str, &str)] = &[
    ("user data", "startup_script"),
    ("instance profile", "instance_profile"),
    ("instancetype", "instance_types"),
    ("instance type", "instance_types"),
    ("volumesize", "volume_size_gib"),
    ("volume", "volume_size_gib"),
];

impl Refusal {
    /// Reads an answer that is no success: EC2's or STS's error body.
    pub(super) fn read(answer: &Answer) -> Self {
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "Errors")]
            errors: Option<Errors>,
            #[serde(rename = "Error")]
            error: Option<Words>,
        }
        #[derive(Deserialize)]
        struct Errors {
            #[serde(rename = "Error")]
            error: Words,
        }
        #[derive(Deserialize)]
        struct Words {
            #[serde(rename = "Code")]
            code: String,
            #[serde(rename = "Message", default)]
            message: String,
        }
        let body: Option<Body> = quick_xml::de::from_str(&answer.body).ok();
        let words = body.and_then(|body| body.errors.map(|errors| errors.error).or(body.error));
        let (code, message) =
            words.map_or_else(Default::default, |words| (words.code, words.message));
        Self {
            status: answer.status,
            code,
            message,
            retry_after_secs: answer.retry_after_secs,
        }
    }

    /// Whether another type, subnet or price may do where this one does not.
    pub(super) fn leaves_other_options(&self) -> bool {
        self.class() == Class::Capacity
            || ["Unsupported", "MaxSpotInstanceCountExceeded"].contains(&self.code.as_str())
    }

    fn class(&self) -> Class {
        let known = CODES.iter().find(|(code, _)| *code == self.code);
        match known {
            Some((_, Class::Invalid(""))) => Class::Invalid(self.field()),
            Some((_, class)) => *class,
            None if self.status == 429 => Class::Throttled,
            None if (400..500).contains(&self.status) && !self.code.is_empty() => {
                Class::Invalid(self.field())
            }
            // Something between here and AWS has answered, or AWS does not know itself.
            None => Class::Unknown,
        }
    }

    fn field(&self) -> &'static str {
        let message = self.message.to_lowercase();
        let found = SENTENCES.iter().find(|(part, _)| message.contains(part));
        found.map_or("config_override", |(_, field)| field)
    }

    /// AWS's word and the beginning of its sentence.
    pub(super) fn words(&self) -> String {
        const MOST: usize = 300;
        let sentence: String = self.message.chars().take(MOST).collect();
        match (self.code.as_str(), sentence.as_str()) {
            ("", _) => format!("HTTP status {}", self.status),
            (code, "") => code.to_owned(),
            (code, sentence) => format!("{code}: {sentence}"),
        }
    }
}

impl From<&Refusal> for ProviderError {
    fn from(refusal: &Refusal) -> Self {
        let text = refusal.words();
        match refusal.class() {
            Class::Capacity => Self::Capacity(text),
            Class::Quota => Self::Quota(text),
            Class::Throttled => Self::Throttled {
                retry_after_secs: refusal.retry_after_secs,
            },
            Class::Auth => Self::Auth(text),
            Class::Invalid(field) => Self::Invalid {
                field: field.to_owned(),
                text,
            },
            Class::NotFound => Self::NotFound(text),
            Class::Conflict => Self::Conflict(text),
            Class::Unknown => Self::Unknown(text),
        }
    }
}

impl From<Fault> for ProviderError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => Self::from(&refusal),
            Fault::Broken(Broken::NotSent(text)) => Self::Unavailable(text),
            Fault::Broken(Broken::Lost(text)) | Fault::Unread(text) => Self::Unknown(text),
            Fault::NoCredentials(error) => error,
        }
    }
}

/// The same error of a call that had no effect to begin with, such as a question before a create: it proves that nothing was
/// made.
pub(super) fn without_effect(fault: Fault) -> ProviderError {
    match ProviderError::from(fault) {
        ProviderError::Unknown(text) => ProviderError::Unavailable(text),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        Refusal::read(&Answer {
            status,
            retry_after_secs: Some(9),
            body: body.to_owned(),
        })
    }

    fn of_code(status: u16, code: &str, message: &str) -> ProviderError {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r</RequestID></Response>"
        );
        ProviderError::from(&refusal(status, &body))
    }

    #[test]
    fn the_table_names_each_word_once_and_only_fields_of_the_form() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, class) in CODES {
            assert!(seen.insert(code), "{code} stands twice");
            if let Class::Invalid(field) = class {
                let is_known = field.is_empty()
                    || *field == "startup_script"
                    || super::super::FORM.field(field).is_some();
                assert!(is_known, "{code}: the form has no {field}");
            }
        }
        for (_, field) in SENTENCES {
            assert!(*field == "startup_script" || super::super::FORM.field(field).is_some());
        }
    }

    #[test]
    fn each_class_has_its_error() {
        let text = |code: &str| format!("{code}: why");
        let invalid = |field: &str, code: &str| ProviderError::Invalid {
            field: field.to_owned(),
            text: text(code),
        };
        for (status, code, expected) in [
            (
                500,
                "InsufficientInstanceCapacity",
                ProviderError::Capacity(text("InsufficientInstanceCapacity")),
            ),
            (
                400,
                "VcpuLimitExceeded",
                ProviderError::Quota(text("VcpuLimitExceeded")),
            ),
            (
                503,
                "RequestLimitExceeded",
                ProviderError::Throttled {
                    retry_after_secs: Some(9),
                },
            ),
            (401, "AuthFailure", ProviderError::Auth(text("AuthFailure"))),
            (
                403,
                "UnauthorizedOperation",
                ProviderError::Auth(text("UnauthorizedOperation")),
            ),
            (
                400,
                "InvalidAMIID.NotFound",
                invalid("image_id", "InvalidAMIID.NotFound"),
            ),
            (
                400,
                "InvalidInstanceID.NotFound",
                ProviderError::NotFound(text("InvalidInstanceID.NotFound")),
            ),
            (
                400,
                "IdempotentInstanceTerminated",
                ProviderError::NotFound(text("IdempotentInstanceTerminated")),
            ),
            (
                400,
                "IdempotentParameterMismatch",
                ProviderError::Conflict(text("IdempotentParameterMismatch")),
            ),
            (
                500,
                "InternalError",
                ProviderError::Unknown(text("InternalError")),
            ),
            (
                503,
                "Unavailable",
                ProviderError::Unknown(text("Unavailable")),
            ),
            (
                400,
                "NeverHeardOf",
                invalid("config_override", "NeverHeardOf"),
            ),
            (
                500,
                "NeverHeardOf",
                ProviderError::Unknown(text("NeverHeardOf")),
            ),
        ] {
            assert_eq!(of_code(status, code, "why"), expected, "{code}");
        }
        let ProviderError::Invalid { field, .. } = of_code(
            400,
            "InvalidParameterValue",
            "User data is limited to 16384 bytes",
        ) else {
            panic!("a setting");
        };
        assert_eq!(field, "startup_script");
    }

    #[test]
    fn both_error_bodies_are_read_and_strange_ones_prove_nothing() {
        let sts = refusal(
            403,
            "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        );
        assert_eq!(
            ProviderError::from(&sts),
            ProviderError::Auth("AccessDenied: no".to_owned())
        );
        for (status, body) in [
            (502, "<html>Bad gateway</html>"),
            (400, ""),
            (500, "<Response><Errors>"),
        ] {
            let strange = ProviderError::from(&refusal(status, body));
            assert!(
                matches!(strange, ProviderError::Unknown(_)),
                "{status} {body}"
            );
        }
        let busy = ProviderError::from(&refusal(429, "<html/>"));
        assert!(matches!(busy, ProviderError::Throttled { .. }), "{busy:?}");
        // Something on the way has answered, which may have passed the call on before.
        let gateway = ProviderError::from(&refusal(503, "<html/>"));
        assert!(matches!(gateway, ProviderError::Unknown(_)), "{gateway:?}");
    }
}
