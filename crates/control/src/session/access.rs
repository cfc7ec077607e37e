//! What opens a server's account. It stands sealed in the server's row, as it was when the server was made: a later edit of
//! its config changes nothing on a machine that is there already.

use domain::id::ServerId;
use domain::secret::Secret;
use domain::session::Revealed;
use domain::value::SsoDomain;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plane::ControlPlane;

/// How people sign in to a server.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Access {
    /// One account for all; without a user name where everyone has their own.
    #[serde(flatten)]
    pub(crate) shared: Revealed,
    /// How everyone's own account is spelt, where they have one.
    #[serde(default)]
    pub(crate) sso_domain: Option<SsoDomain>,
}

impl Access {
    /// What it is for the person of this name.
    pub(super) fn of(self, person: &str) -> Revealed {
        let own = self.sso_domain.map(|domain| domain.apply(person));
        Revealed {
            username: self.shared.username.or(own),
            ..self.shared
        }
    }

    /// As the row keeps it.
    pub(crate) fn sealed(&self) -> Result<Secret> {
        serde_json::to_string(self)
            .map(Secret::new)
            .map_err(|error| Error::Fault(error.to_string()))
    }

    /// Reads a server's. A server that nobody has entered access data for has none.
    pub(crate) async fn open(plane: &ControlPlane, server: ServerId) -> Result<Self> {
        match plane.store().server_connection(server).await? {
            Some(text) => serde_json::from_str(text.expose())
                .map_err(|_| Error::Fault(format!("the access data of {server} cannot be read"))),
            None => Ok(Self::default()),
        }
    }
}
