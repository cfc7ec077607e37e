//! What all dialogs need.

use leptos::html;
use leptos::prelude::*;

/// Whether a dialog is shown. Asked when its `close` event comes: that is a moment after it was closed, and it may have been
/// opened anew meanwhile.
pub fn is_shown(dialog: NodeRef<html::Dialog>) -> bool {
    let dialog = dialog.try_get_untracked().flatten();
    dialog.is_some_and(|dialog| dialog.open())
}
