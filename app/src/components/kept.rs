//! Views of things that come and go: each stays with the thing it shows.
//!
//! A list that is drawn anew by position turns the row of one server into that of another, with the focus and the open dialog
//! that are in it: who is asked "Delete a?" deletes b. Here a view goes only with its thing, and is drawn anew only where
//! the thing has changed, so a long list costs what has changed in it.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::reactive::owner::WeakOwner;
use leptos::tachys::reactive_graph::OwnedView;
use leptos::tachys::view::keyed::keyed;

/// The views of a list, from one answer to the next. Made outside of what is drawn anew with each answer
/// ([`loaded`](super::load::loaded)).
pub struct Kept<T: 'static>(StoredValue<List<T>>);

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kept<T> {}

struct List<T> {
    /// What the views belong to, each for as long as its thing is in the list. It holds this list, and so is not held by it.
    owner: WeakOwner,
    key: fn(&T) -> String,
    view: Arc<dyn Fn(T) -> AnyView + Send + Sync>,
    things: HashMap<String, ArcRwSignal<T>>,
}

/// Views of things by their `key`, of which no two in a list have the same. `view` may use what lives as long as the page, and the
/// thing, and nothing else: what it makes of another answer would not be drawn anew.
pub fn kept<T>(
    key: fn(&T) -> String,
    view: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> Kept<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    Kept(StoredValue::new(List {
        owner: Owner::current().unwrap_or_default().downgrade(),
        key,
        view: Arc::new(view),
        things: HashMap::new(),
    }))
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Kept<T> {
    /// The views of these things, in this order.
    pub fn show(self, things: Vec<T>) -> AnyView {
        let mut items = Vec::with_capacity(things.len());
        self.0.update_value(|list| {
            // Without it the page is gone, and nobody looks.
            let Some(owner) = list.owner.upgrade() else {
                return;
            };
            let mut before = std::mem::take(&mut list.things);
            for thing in things {
                let key = (list.key)(&thing);
                let signal = match before.remove(&key) {
                    Some(signal) => {
                        if signal.with_untracked(|known| *known != thing) {
                            signal.set(thing);
                        }
                        signal
                    }
                    None => ArcRwSignal::new(thing),
                };
                let view = Arc::clone(&list.view);
                let shown = signal.clone();
                items.push(Item {
                    key: key.clone(),
                    owner: owner.clone(),
                    view: Arc::new(move || view(shown.get())),
                });
                list.things.insert(key, signal);
            }
        });
        views(items)
    }
}

/// A thing, whatever it is.
struct Item {
    key: String,
    owner: Owner,
    view: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

/// One for all lists.
fn views(items: Vec<Item>) -> AnyView {
    keyed(
        items,
        |item| item.key.clone(),
        |_, Item { owner, view, .. }| {
            let owner = owner.with(Owner::new);
            let view = owner.with(|| (move || view()).into_any());
            (|_| (), OwnedView::new_with_owner(view, owner))
        },
    )
    .into_any()
}
