//! The command line. Data goes to standard output, words for people to standard error.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use control::ControlPlane;
use domain::actor::{Actor, Role};
use domain::page::{MAX_LIMIT, PageQuery};
use domain::secret::Secret;
use domain::user::{ApiKeyInput, User, UserInput};
use store::{MasterKey, Store};

use crate::assets::Site;
use crate::audit::AuditCommand;
use crate::backup::Backup;
use crate::clock::OsEntropy;
use crate::rest::error::chain;
use crate::settings::{Bounds, Place, Reach, read_secret};
use crate::telemetry::{self, LogFormat};
use crate::{demo, serve, startup, tls};

/// Keeps pools of remote servers at the right level.
#[derive(Debug, Parser)]
#[command(name = "weir", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the web pages and the API until it is told to end.
    Serve(Serve),
    /// Serves with a ready pool on this machine and an admin, to look around.
    Demo(Serve),
    /// Says whether the settings and the database can be used. Changes nothing.
    Check(Serve),
    /// API keys.
    ApiKey {
        #[command(subcommand)]
        command: ApiKeyCommand,
    },
    /// The audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Writes the SQLite database to a new file, also while Weir serves. The key is not in it.
    Backup(Backup),
    /// Puts a backup into a data folder without a database.
    Restore(Backup),
    /// People.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    bounds: Bounds,
}

#[derive(Debug, Subcommand)]
enum ApiKeyCommand {
    /// Makes an API key and prints it, once, to standard output.
    Create {
        #[command(flatten)]
        place: Place,
        /// What the key is called in lists.
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: RoleWord,
        /// Sign-in name of the person it acts for; a key with the role `user` needs one.
        #[arg(long)]
        user: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Makes a person. Without --password-file a password is made and printed, once, to standard output.
    Create {
        #[command(flatten)]
        place: Place,
        /// The sign-in name.
        #[arg(long)]
        name: String,
        /// What the person may do.
        #[arg(long, value_enum)]
        role: RoleWord,
        /// File that holds the password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleWord {
    /// Configures everything.
    Admin,
    /// Launches sessions.
    User,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Admin => Self::Admin,
            RoleWord::User => Self::User,
        }
    }
}

impl Cli {
    /// Does what was asked for. `site` is what browsers load.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub async fn run(self, site: &'static Site) -> Result<(), String> {
        match self.command {
            Command::Serve(flags) => {
                telemetry::init(flags.reach.log_format);
                serve::run(
                    &flags.place,
                    &flags.reach,
                    &flags.bounds,
                    site,
                    serve::Ready::SetUp,
                )
                .await
            }
            Command::Demo(flags) => {
                telemetry::init(flags.reach.log_format);
                serve::run(
                    &flags.place,
                    &flags.reach,
                    &flags.bounds,
                    site,
                    serve::Ready::Demo(demo::prepare),
                )
                .await
            }
            Command::Check(flags) => check(&flags).await,
            Command::ApiKey {
                command:
                    ApiKeyCommand::Create {
                        place,
                        name,
                        role,
                        user,
                    },
            } => {
                telemetry::init(LogFormat::Text);
                let plane = open(&place).await?;
                let user_id = match user {
                    Some(name) => Some(person(&plane, &name).await?.id),
                    None => None,
                };
                let input = ApiKeyInput {
                    name,
                    role: role.into(),
                    user_id,
                };
                let made = control::api_key::create(&plane, &Actor::System, input)
                    .await
                    .map_err(|error| said(&error))?;
                println!("{}", made.token);
                Ok(())
            }
            Command::Audit { command } => {
                telemetry::init(LogFormat::Text);
                refuse_new(command.place()).await?;
                command.run(&open(command.place()).await?).await
            }
            Command::Backup(backup) => {
                telemetry::init(LogFormat::Text);
                refuse_new(backup.place()).await?;
                backup.write().await
            }
            Command::Restore(backup) => {
                telemetry::init(LogFormat::Text);
                backup.restore().await
            }
            Command::User {
                command:
                    UserCommand::Create {
                        place,
                        name,
                        role,
                        password_file,
                    },
            } => {
                telemetry::init(LogFormat::Text);
                let plane = open(&place).await?;
                let given = password_file.as_deref().map(read_secret).transpose()?;
                let made = given.is_none().then(startup::random_password);
                let password = given.or_else(|| made.as_deref().map(Secret::new));
                let input = UserInput {
                    name,
                    role: role.into(),
                    password,
                };
                control::user::create(&plane, &Actor::System, input)
                    .await
                    .map_err(|error| said(&error))?;
                if let Some(password) = made {
                    println!("{password}");
                }
                Ok(())
            }
        }
    }
}

/// For a command that looks at what is there: nothing is made in its place.
async fn refuse_new(place: &Place) -> Result<(), String> {
    let url = place.database()?;
    if Store::is_new(&url).await.map_err(|error| chain(&error))? {
        return Err(format!(
            "there is no installation of Weir in {}; name its folder with --data, or its database with --database-url",
            place.data.display()
        ));
    }
    Ok(())
}

async fn open(place: &Place) -> Result<ControlPlane, String> {
    Ok(startup::open(place, control::Settings::default())
        .await?
        .plane)
}

async fn person(plane: &ControlPlane, name: &str) -> Result<User, String> {
    let mut query = PageQuery {
        cursor: None,
        limit: Some(MAX_LIMIT),
    };
    loop {
        let page = control::user::list(plane, &Actor::System, &query)
            .await
            .map_err(|error| said(&error))?;
        if let Some(user) = page.items.into_iter().find(|user| user.name == name) {
            return Ok(user);
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return Err(format!(
                "there is nobody with the sign-in name {name}; make one by `weir user create`"
            ));
        }
    }
}

/// Looks, and changes nothing: no folder, no key, no database is made.
async fn check(flags: &Serve) -> Result<(), String> {
    let origin = flags.reach.origin(flags.reach.listen)?;
    if !flags.reach.tls_self_signed {
        tls::config(&flags.place, &flags.reach)?;
    }
    let url = flags.place.database()?;
    let is_new = Store::is_new(&url).await.map_err(|error| chain(&error))?;
    let key = flags.place.key_path();
    // A new database gets a new key, if there is none yet.
    if !is_new || key.exists() {
        let key =
            MasterKey::load_or_create(&key, &OsEntropy, false).map_err(|error| chain(&error))?;
        if !is_new {
            Store::check_key(&url, &key)
                .await
                .map_err(|error| chain(&error))?;
        }
    }
    let database = if is_new {
        "new: the first start makes it"
    } else {
        "found"
    };
    println!(
        "address   {origin}\ndatabase  {database}\nkey       {}",
        key.display()
    );
    Ok(())
}

/// What a use case refuses, in one line.
fn said(error: &control::Error) -> String {
    let problem = error.problem();
    let fields: Vec<_> = problem
        .errors
        .iter()
        .map(|error| {
            format!(
                "{}: {}",
                error.pointer.trim_start_matches('/'),
                error.message
            )
        })
        .collect();
    if error.is_fault() {
        chain(error)
    } else if fields.is_empty() {
        problem.detail
    } else {
        fields.join("; ")
    }
}
