//! What the settings of a config mean, beside the form while it is filled in. It is computed in the browser with every key,
//! by the arithmetic of the loop, and asks nobody.

use std::collections::BTreeMap;

use domain::autoscale::{FORM, Forecast};
use domain::form::Draft;
use domain::start::StartTimes;
use leptos::prelude::*;
use serde_json::Value;

use crate::components::form::FormState;
use crate::text::{autoscale_forecast as text, words};

/// Where the forecast has no place beside the form, and becomes a bar; as in the style sheet.
const NARROW: &str = "(max-width: 72rem)";

/// Max Instances of provider configs, by id.
pub type Machines = BTreeMap<String, u32>;

/// The forecast of a form. `saved` has the values that hold until it is saved, where it changes what is there already; `starts` says
/// how long the last starts of the pool took, where there were enough.
pub fn forecast(
    state: FormState,
    saved: Option<Signal<Draft>>,
    machines: RwSignal<Machines>,
    starts: Option<StartTimes>,
) -> AnyView {
    let of = move |draft: &Draft| {
        let provider = draft.get("provider_id").and_then(Value::as_str);
        let most = provider.and_then(|id| machines.read().get(id).copied());
        Forecast::of(draft, most)
    };
    let forecast = Memo::new(move |_| of(&state.draft.read()));
    let before = move || {
        let (before, now) = (of(&saved?.read())?, forecast.get()?);
        comparison(&before, &now)
    };
    let is_on = move |key| {
        let field = FORM.field(key);
        field.and_then(|field| state.value(field)) == Some(Value::Bool(true))
    };
    let is_done = Memo::new(move |_| is_on("enabled") && !is_on("dry_run"));
    // On a small screen it would cover the form.
    let is_open = RwSignal::new(true);
    Effect::new(move |_| {
        let narrow = window().match_media(NARROW).ok().flatten();
        is_open.set(!narrow.is_some_and(|narrow| narrow.matches()));
    });
    view! {
        <section class="forecast" aria-label=text::LABEL>
            <details open=move || is_open.get()>
                <summary>
                    <strong>{text::HEAD}</strong>
                    {move || forecast.get().as_ref().map_or_else(unknown, ready)}
                </summary>
                <p>{move || forecast.get().as_ref().map(most)}</p>
                <p>{before}</p>
                <p class="muted">
                    {move || (!is_done.get()).then_some(text::NOT_DONE)}
                </p>
                <div role="status">{move || forecast.get().as_ref().and_then(warnings)}</div>
                <p class="muted">{wait(starts)}</p>
                <details>
                    <summary>{text::HOW}</summary>
                    {move || forecast.get().as_ref().map(arithmetic)}
                </details>
            </details>
        </section>
    }
    .into_any()
}

/// What is said while a number is wrong.
fn unknown() -> String {
    text::UNKNOWN.to_owned()
}

/// What is kept ready.
fn ready(forecast: &Forecast) -> String {
    if forecast.servers_ready == 0 {
        return text::NONE_READY.to_owned();
    }
    text::ready(forecast.servers_ready, forecast.sessions_ready())
}

/// How far it grows.
fn most(forecast: &Forecast) -> String {
    match (forecast.max_instances, forecast.most_sessions()) {
        (Some(servers), Some(most)) => text::most(servers, most),
        _ => text::MOST_UNKNOWN.to_owned(),
    }
}

/// What the settings that hold until now mean, where others have been entered.
fn comparison(before: &Forecast, now: &Forecast) -> Option<String> {
    if before == now {
        return None;
    }
    Some(
        if (ready(now), most(now)) == (ready(before), most(before)) {
            text::same_as_saved(now.seats_per_server)
        } else {
            text::as_saved(&ready(before), &most(before))
        },
    )
}

/// How long somebody waits who finds no seat, as far as starts that were recorded say.
fn wait(starts: Option<StartTimes>) -> String {
    match starts {
        Some(starts) => text::wait(&words::usual(&starts)),
        None => text::WAIT_UNKNOWN.to_owned(),
    }
}

fn warnings(forecast: &Forecast) -> Option<AnyView> {
    let warnings = forecast.warnings();
    (!warnings.is_empty()).then(|| {
        let items = warnings
            .into_iter()
            .map(|warning| view! { <li>{warning.message}</li> });
        view! { <ul class="banner starting">{items.collect_view()}</ul> }.into_any()
    })
}

/// The numbers, in the order in which they follow from each other.
fn arithmetic(forecast: &Forecast) -> AnyView {
    let lines = steps(forecast)
        .into_iter()
        .map(|line| view! { <li>{line}</li> });
    view! {
        <ol>{lines.collect_view()}</ol>
        <p class="muted">{text::HOW_HELP}</p>
    }
    .into_any()
}

fn steps(forecast: &Forecast) -> Vec<String> {
    let seats = forecast.seats_per_server;
    let held = match (forecast.reusable, forecast.limits.max_users) {
        (false, _) => text::ONE_SEAT.to_owned(),
        (true, None) => text::seats(seats),
        (true, Some(users)) => text::seats_of_limits(seats, forecast.limits.max_sessions, users),
    };
    let kept = text::kept(forecast.minimum, seats, forecast.servers_wanted);
    let bound = forecast.max_instances.map(|most| {
        let all = forecast.most_sessions().unwrap_or_default();
        text::bound(most, forecast.servers_ready, seats, all)
    });
    let ready = text::ready_sum(forecast.servers_ready, seats, forecast.sessions_ready());
    [held, kept]
        .into_iter()
        .chain(bound)
        .chain([ready])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(minimum: u32, most: Option<u32>) -> Forecast {
        let draft = Draft::new()
            .with("connection_type", "ssh")
            .with("reusable", true)
            .with("minimum_available_sessions", minimum)
            .with("max_simultaneous_sessions_per_server", 5)
            .with("max_simultaneous_users", 4);
        Forecast::of(&draft, most).expect("numbers")
    }

    #[test]
    fn what_is_ready_and_how_far_it_grows_is_said() {
        assert_eq!(ready(&of(10, Some(8))), "3 servers ready, 12 sessions.");
        assert_eq!(ready(&of(1, None)), "1 server ready, 4 sessions.");
        assert_eq!(ready(&of(0, None)), "no server is kept ready.");
        assert_eq!(most(&of(10, Some(8))), "At most 8 servers, 32 sessions.");
        assert!(most(&of(10, None)).contains("once a provider is chosen"));
    }

    #[test]
    fn what_held_before_is_said_where_it_differs() {
        let compared = |minimum| comparison(&of(4, Some(8)), &of(minimum, Some(8)));
        assert_eq!(compared(4), None);
        assert_eq!(
            compared(3).as_deref(),
            Some("As saved it is the same: a server holds 4 sessions.")
        );
        assert_eq!(
            compared(8).as_deref(),
            Some("As saved: 1 server ready, 4 sessions. At most 8 servers, 32 sessions.")
        );
    }

    #[test]
    fn the_numbers_follow_from_each_other() {
        let lines = steps(&of(40, Some(8)));
        assert_eq!(
            lines,
            [
                "A server has 4 seats: the lower of 5 sessions and 4 people, as each session may be another person's.",
                "40 sessions to keep ready / 4 for each server, rounded up = 10 servers.",
                "The provider may have 8: the lower of both is 8. 8 x 4 = 32 sessions at most.",
                "8 x 4 = 32 sessions ready.",
            ]
        );
        assert_eq!(steps(&of(0, None)).len(), 3);
    }
}
