//! Changes that are made again when somebody else was quicker.

use std::future::Future;

use store::StoreError;

use crate::error::{Error, Result};

/// How often a change is tried. The loop and a server's reports change a row a few times within a second at most: who meets
/// somebody else each time would go on meeting them, and is told so.
const TRIES: usize = 8;

/// Makes a change that reads a row and writes it at the version that it read, and begins anew if it has changed in
/// between. It is for changes that name no version of their own: whoever asks wants it whatever the row says now, and the
/// change looks each time whether that still makes sense.
///
/// # Errors
/// Those of the change; [`StoreError::StaleVersion`] if somebody was quicker each time.
pub(crate) async fn again_if_stale<T, F>(mut change: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..TRIES {
        match change().await {
            Err(Error::Store(StoreError::StaleVersion)) => {}
            done => return done,
        }
    }
    change().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Fails `stale` times, and counts the tries.
    async fn tried(stale: usize) -> (Result<usize>, usize) {
        let tries = Cell::new(0);
        let outcome = again_if_stale(|| {
            tries.set(tries.get() + 1);
            let now = tries.get();
            async move {
                if now <= stale {
                    Err(Error::Store(StoreError::StaleVersion))
                } else {
                    Ok(now)
                }
            }
        })
        .await;
        (outcome, tries.get())
    }

    #[tokio::test]
    async fn a_change_is_made_once_where_nobody_is_quicker() {
        let (outcome, tries) = tried(0).await;
        assert_eq!((outcome.expect("it works"), tries), (1, 1));
    }

    #[tokio::test]
    async fn a_change_is_made_again_until_nobody_is_quicker() {
        let (outcome, tries) = tried(TRIES - 1).await;
        assert_eq!((outcome.expect("it works"), tries), (TRIES, TRIES));
    }

    #[tokio::test]
    async fn a_change_that_is_always_too_late_says_so() {
        let (outcome, tries) = tried(usize::MAX).await;
        assert!(matches!(
            outcome,
            Err(Error::Store(StoreError::StaleVersion))
        ));
        assert_eq!(tries, TRIES);
    }
}
