//! The manual's lists, which the API's answers and the decisions refer to. Everybody may read them.

use domain::error::ProblemCode;
use domain::plan::Reason;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::text::manual as text;

/// Every problem that an answer of the API can name; `Problem::type` is the address of its entry.
#[component]
pub fn ProblemsPage() -> impl IntoView {
    let entries = ProblemCode::ALL.iter().map(|code| {
        let id = code.as_str();
        let about = text::problem(code.about(), code.status());
        entry(id, code.title(), &about)
    });
    list(text::PROBLEMS, text::PROBLEMS_LEAD, entries.collect())
}

/// Every reason that a decision can name.
#[component]
pub fn ReasonsPage() -> impl IntoView {
    let entries = Reason::ALL
        .iter()
        .map(|reason| entry(reason.code(), reason.code(), reason.about()));
    list(text::REASONS, text::REASONS_LEAD, entries.collect())
}

fn entry(id: &'static str, heading: &'static str, about: &str) -> AnyView {
    let code = (id != heading).then(|| {
        view! {
            " "
            <code>{id}</code>
        }
    });
    view! {
        <section id=id>
            <h2>{heading} {code}</h2>
            <p>{about.replace('`', "")}</p>
        </section>
    }
    .into_any()
}

fn list(title: &'static str, lead: &'static str, entries: Vec<AnyView>) -> AnyView {
    view! {
        <Title text=title />
        <article class="prose">
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {entries}
        </article>
    }
    .into_any()
}
