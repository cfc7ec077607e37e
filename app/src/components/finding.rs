//! What the loop has concluded, each with its code and its sentence.

use domain::plan::{ConfigReport, Finding, explain};
use leptos::prelude::*;

use crate::components::badge::Badge;
use crate::words;

/// A list of findings; `config` is the report they stand in, where their numbers are.
pub fn finding_list<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    config: Option<&ConfigReport>,
) -> AnyView {
    let items = findings.map(|finding| {
        view! {
            <li>
                <Badge state=words::StateWord {
                    word: finding.reason.code(),
                    shape: words::finding_shape(finding.reason),
                } />
                " "
                {explain::sentence(finding, config)}
            </li>
        }
    });
    view! { <ul class="findings">{items.collect_view()}</ul> }.into_any()
}
