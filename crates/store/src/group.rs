//! Transactions of a SQLite file, made to last in groups.
//!
//! What makes a commit last is a write to the disk, which takes longer than all statements of a transaction together. So
//! whoever finishes while others wait to begin leaves its work in the transaction that is open; the last of them commits
//! for all. Each has a savepoint of its own, so what one takes back touches nobody else, and nobody is told that its work
//! is done before it lasts.
//!
//! Beginning and committing run in tasks of their own: a caller that goes away half-way must not leave the others with a
//! savepoint that nobody knows of, or a commit that nobody has seen the end of.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How a transaction begins: with the file's write lock, so it never fails half-way because another writer was quicker.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// The connection that writes, and the queue of those who want to. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Writer {
    /// Of one connection.
    pool: SqlitePool,
    work: Arc<Mutex<Work>>,
    /// How many wait to begin.
    coming: Arc<AtomicUsize>,
}

/// The transaction that is open, if there is one.
#[derive(Default)]
struct Work {
    open: Option<Transaction<'static, Sqlite>>,
    /// How many have left their work in it.
    members: usize,
    /// The savepoint of somebody who has gone without a commit is still in it.
    is_torn: bool,
    /// How it ends: `true` if it lasts.
    end: Arc<OnceLock<bool>>,
}

/// Somebody's transaction. Dropped without [`Member::commit`] it leaves no trace.
pub(crate) struct Member {
    writer: Writer,
    work: OwnedMutexGuard<Work>,
    is_done: bool,
}

impl Writer {
    /// Of a pool of one connection.
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self {
            pool,
            work: Arc::default(),
            coming: Arc::default(),
        }
    }

    /// The connection, for what brings its own transactions.
    pub(crate) const fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Begins, when all who came before have done their work.
    pub(crate) async fn begin(&self) -> Result<Member, sqlx::Error> {
        let writer = self.clone();
        to_its_end(async move { writer.begin_undisturbed().await }).await
    }

    async fn begin_undisturbed(self) -> Result<Member, sqlx::Error> {
        let coming = Coming::new(&self.coming);
        let mut work = Arc::clone(&self.work).lock_owned().await;
        drop(coming);
        if work.is_torn {
            // Its members learn from it how it went; to this one it is nothing.
            let _ = work.end().await;
        }
        if let Some(open) = &mut work.open {
            let set = run("SAVEPOINT member", open).await;
            // Where even this fails, nobody knows what is left of the transaction.
            work.is_torn = set.is_err();
            set?;
        } else {
            // The first needs no savepoint: what it takes back is all there is.
            work.open = Some(self.open().await?);
        }
        Ok(Member {
            writer: self,
            work,
            is_done: false,
        })
    }

    async fn open(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        match self.pool.begin_with(BEGIN_WRITE).await {
            // SQLite takes a transaction back by itself where the disk is full; the connection counts it as open for ever.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.pool.acquire().await?.close().await?;
                self.pool.begin_with(BEGIN_WRITE).await
            }
            opened => opened,
        }
    }

    /// Waits for who is at work, and closes the file.
    pub(crate) async fn close(&self) {
        // Whoever has left its work there asks for the end itself, and may have been dropped before.
        let _ = self.work.lock().await.end().await;
        self.pool.close().await;
    }
}

impl Work {
    /// Ends the transaction: all of it lasts, or nothing.
    async fn end(&mut self) -> Result<(), sqlx::Error> {
        let Self {
            open,
            members,
            is_torn,
            end,
        } = std::mem::take(self);
        let Some(mut open) = open else { return Ok(()) };
        let ended = async {
            if is_torn {
                run("ROLLBACK TO member", &mut open).await?;
            }
            if members > 0 {
                open.commit().await?;
            }
            Ok(())
        };
        let ended = ended.await;
        // Nobody else sets it: it came out of the lock.
        let _ = end.set(ended.is_ok());
        ended
    }
}

impl Member {
    /// The transaction to run statements in.
    pub(crate) fn transaction(&mut self) -> Result<&mut Transaction<'static, Sqlite>, sqlx::Error> {
        self.work.open.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Makes it last, together with what others have left.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        to_its_end(self.commit_undisturbed()).await
    }

    async fn commit_undisturbed(mut self) -> Result<(), sqlx::Error> {
        if self.work.members > 0 {
            run("RELEASE member", self.transaction()?).await?;
        }
        self.is_done = true;
        self.work.members += 1;
        if self.writer.coming.load(Ordering::SeqCst) == 0 {
            return self.work.end().await;
        }
        let end = Arc::clone(&self.work.end);
        let work = Arc::clone(&self.writer.work);
        drop(self);
        // Behind all who wait now. The last of them has ended it by then, unless it went without a commit.
        let mut work = work.lock().await;
        if end.get().is_none() && Arc::ptr_eq(&end, &work.end) {
            return work.end().await;
        }
        match end.get() {
            Some(true) => Ok(()),
            Some(false) | None => Err(sqlx::Error::Protocol(
                "the transaction of which this was a part has failed".to_owned(),
            )),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        if self.work.members == 0 {
            *self.work = Work::default();
        } else {
            self.work.is_torn = true;
        }
    }
}

/// Runs on even where the caller goes away.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, sqlx::Error>> + Send + 'static,
) -> Result<T, sqlx::Error> {
    let ended = tokio::spawn(work).await;
    // It panicked, or the process ends.
    ended.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

async fn run(
    sql: &'static str,
    open: &mut Transaction<'static, Sqlite>,
) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(&mut **open).await.map(|_| ())
}

/// Counted among those who wait to begin, as long as it lives.
struct Coming<'a>(&'a AtomicUsize);

impl<'a> Coming<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
    use tempfile::TempDir;

    use super::*;

    struct File {
        writer: Writer,
        reader: SqlitePool,
        _folder: TempDir,
    }

    impl File {
        async fn new() -> Self {
            let folder = TempDir::new().expect("a folder");
            let options = SqliteConnectOptions::new()
                .filename(folder.path().join("file"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal);
            let one = SqlitePoolOptions::new().max_connections(1);
            let pool = one.connect_with(options.clone()).await.expect("a file");
            let sql = "CREATE TABLE words (word TEXT PRIMARY KEY)";
            sqlx::query(sql).execute(&pool).await.expect("a table");
            Self {
                writer: Writer::new(pool),
                reader: SqlitePool::connect_lazy_with(options),
                _folder: folder,
            }
        }

        /// Somebody's transaction that has added a word.
        async fn begun(&self, word: &str) -> Member {
            let mut member = self.writer.begin().await.expect("begun");
            add(&mut member, word).await.expect("added");
            member
        }

        /// What lasts, as somebody else sees it.
        async fn words(&self) -> String {
            let sql = "SELECT COALESCE(GROUP_CONCAT(word, ' '), '') FROM (SELECT word FROM words ORDER BY word)";
            let words = sqlx::query_scalar(sql).fetch_one(&self.reader).await;
            words.expect("words")
        }
    }

    async fn add(member: &mut Member, word: &str) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO words VALUES ($1)";
        let open = member.transaction()?;
        let added = sqlx::query(sql).bind(word).execute(&mut **open).await;
        added.map(|_| ())
    }

    /// Looks once at what must still be waiting.
    macro_rules! waits {
        ($future:expr) => {
            assert!(poll_once(&mut $future).await.is_pending(), "it waits")
        };
    }

    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context)))
            .await
    }

    #[tokio::test]
    async fn one_alone_lasts_at_once() {
        let file = File::new().await;
        let member = file.begun("a").await;
        assert_eq!(file.words().await, "");
        member.commit().await.expect("it lasts");
        assert_eq!(file.words().await, "a");
    }

    #[tokio::test]
    async fn who_goes_without_a_commit_leaves_no_trace() {
        let file = File::new().await;
        let member = file.begun("a").await;
        drop(member);
        let member = file.begun("b").await;
        member.commit().await.expect("it lasts");
        assert_eq!(file.words().await, "b");
    }

    #[tokio::test]
    async fn what_is_left_for_the_next_lasts_with_it() {
        let file = File::new().await;
        let first = file.begun("a").await;
        let mut next = pin!(file.writer.begin());
        waits!(next);
        let mut first = pin!(first.commit());
        waits!(first);
        assert_eq!(
            file.words().await,
            "",
            "nobody is told of what does not last"
        );
        let mut next = next.await.expect("begun");
        add(&mut next, "b").await.expect("added");
        next.commit().await.expect("it lasts");
        assert_eq!(file.words().await, "a b");
        first.await.expect("it lasts");
    }

    #[tokio::test]
    async fn one_that_is_taken_back_touches_nobody_else() {
        let file = File::new().await;
        let first = file.begun("a").await;
        let mut next = pin!(file.writer.begin());
        waits!(next);
        let mut first = pin!(first.commit());
        waits!(first);
        let mut next = next.await.expect("begun");
        add(&mut next, "b").await.expect("added");
        add(&mut next, "b").await.expect_err("it is there already");
        drop(next);
        first.await.expect("it lasts, though nobody came after");
        assert_eq!(file.words().await, "a");
    }

    #[tokio::test]
    async fn what_has_been_left_lasts_although_nobody_waits_for_it() {
        let file = File::new().await;
        let first = file.begun("a").await;
        {
            let mut next = pin!(file.writer.begin());
            waits!(next);
            let mut first = pin!(first.commit());
            waits!(first);
        }
        let last = file.begun("b").await;
        last.commit().await.expect("it lasts");
        assert_eq!(file.words().await, "a b");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_goes_away_at_any_moment_leaves_the_others_whole() {
        let file = File::new().await;
        let tasks: Vec<_> = (100..400_u32)
            .map(|number| {
                let writer = file.writer.clone();
                tokio::spawn(async move {
                    let work = async {
                        let mut member = writer.begin().await?;
                        add(&mut member, &number.to_string()).await?;
                        member.commit().await
                    };
                    if number.is_multiple_of(3) {
                        return work.await.map(|()| true);
                    }
                    // Gone after as many looks as its number says.
                    let mut work = pin!(work);
                    for _ in 0..number % 7 {
                        if let Poll::Ready(done) = poll_once(&mut work).await {
                            return done.map(|()| true);
                        }
                        tokio::task::yield_now().await;
                    }
                    Ok(false)
                })
            })
            .collect();
        let mut told = Vec::new();
        for (number, task) in (100..).zip(tasks) {
            if task.await.expect("no panic").expect("nobody else's fault") {
                told.push(number);
            }
        }
        file.writer.close().await;
        let lasts = file.words().await;
        let lasts: Vec<u32> = lasts
            .split(' ')
            .map(|word| word.parse().expect("a number"))
            .collect();
        assert!(told.len() >= 100, "{told:?}");
        for number in told {
            assert!(lasts.contains(&number), "{number} was told, and is gone");
        }
    }

    #[tokio::test]
    async fn all_of_a_group_fail_where_its_end_fails() {
        let file = File::new().await;
        let first = file.begun("a").await;
        let mut next = pin!(file.writer.begin());
        waits!(next);
        let mut first = pin!(first.commit());
        waits!(first);
        let mut next = next.await.expect("begun");
        // As SQLite itself does where the disk is full.
        run("ROLLBACK", next.transaction().expect("open"))
            .await
            .expect("taken back");
        next.commit().await.expect_err("its savepoint is gone");
        first.await.expect_err("it does not last");
        assert_eq!(file.words().await, "");
        let member = file.begun("c").await;
        member.commit().await.expect("it lasts");
        assert_eq!(file.words().await, "c");
    }

    #[tokio::test]
    async fn nobody_begins_once_it_is_closed() {
        let file = File::new().await;
        file.writer.close().await;
        assert!(file.writer.begin().await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_at_once_all_last_but_those_who_go() {
        let file = File::new().await;
        let tasks: Vec<_> = (10..90)
            .map(|number: u32| {
                let writer = file.writer.clone();
                tokio::spawn(async move {
                    let mut member = writer.begin().await.expect("begun");
                    add(&mut member, &number.to_string()).await.expect("added");
                    if number.is_multiple_of(7) {
                        return;
                    }
                    member.commit().await.expect("it lasts");
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("done");
        }
        let wanted: Vec<String> = (10..90_u32)
            .filter(|number| !number.is_multiple_of(7))
            .map(|number| number.to_string())
            .collect();
        assert_eq!(file.words().await, wanted.join(" "));
    }
}
