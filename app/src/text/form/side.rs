//! A form beside another one.

pub const NEW_PROVIDER: &str = "New provider config";
pub const NEW_LDAP: &str = "New LDAP config";
