//! What a new autoscale config does from its first moment on: one choice for its two switches.

use domain::autoscale::FORM;
use leptos::prelude::*;
use serde_json::Value;

use crate::components::form::FormState;
use crate::components::form::field::{RadioCard, radio_card};
use crate::text::autoscale_mode as text;

/// The switch that lets the loop look at a config at all.
const ENABLED: &str = "enabled";
/// The switch that lets it decide alone.
const DRY_RUN: &str = "dry_run";

/// How a config is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The loop acts.
    Enabled,
    /// The loop decides, and does nothing.
    DryRun,
    /// The loop leaves it alone, as after "Pause" on the pool's page.
    Paused,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Enabled, Self::DryRun, Self::Paused];

    /// What the two switches come to.
    const fn of(enabled: bool, dry_run: bool) -> Self {
        match (enabled, dry_run) {
            (true, false) => Self::Enabled,
            (true, true) => Self::DryRun,
            (false, _) => Self::Paused,
        }
    }

    /// How its switches stand. A config that is resumed goes on as it was, so pausing leaves Dry Run alone.
    const fn switches(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Enabled => &[(ENABLED, true), (DRY_RUN, false)],
            Self::DryRun => &[(ENABLED, true), (DRY_RUN, true)],
            Self::Paused => &[(ENABLED, false)],
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::DryRun => "dry-run",
            Self::Paused => "paused",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Enabled => text::ENABLED,
            Self::DryRun => text::DRY_RUN,
            Self::Paused => text::PAUSED,
        }
    }

    /// What the loop does then.
    const fn help(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Enabled, _) => text::ENABLED_HELP,
            (Self::DryRun, _) => text::DRY_RUN_HELP,
            (Self::Paused, false) => text::PAUSED_HELP,
            (Self::Paused, true) => text::PAUSED_DRY_RUN_HELP,
        }
    }
}

/// The choice, in step with the switches Enabled and Dry Run.
pub fn mode(state: FormState) -> AnyView {
    let is_on = move |key| {
        let field = FORM.field(key);
        field.and_then(|field| state.value(field)) == Some(Value::Bool(true))
    };
    let now = Memo::new(move |_| (Mode::of(is_on(ENABLED), is_on(DRY_RUN)), is_on(DRY_RUN)));
    let card = move |mode: Mode| {
        radio_card(RadioCard {
            id: format!("mode-{}", mode.word()),
            group: "mode",
            label: mode.label(),
            help: Signal::derive(move || mode.help(now.get().1).to_owned()),
            is_off: false.into(),
            is_chosen: Signal::derive(move || now.get().0 == mode),
            choose: Callback::new(move |()| {
                for (key, is_on) in mode.switches() {
                    if let Some(field) = FORM.field(key) {
                        state.enter(field, Some(Value::Bool(*is_on)));
                    }
                }
                // Some of what cannot be enabled can be created paused.
                state.forget_refusals();
            }),
        })
    };
    view! {
        <fieldset class="field">
            <legend>{text::CREATE_AS}</legend>
            <div class="choices">{Mode::ALL.into_iter().map(card).collect_view()}</div>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_is_what_its_switches_say() {
        for mode in Mode::ALL {
            for was in [true, false] {
                let value = |wanted| {
                    let mut switches = mode.switches().iter();
                    switches
                        .find(|(key, _)| *key == wanted)
                        .map_or(was, |(_, is_on)| *is_on)
                };
                assert_eq!(Mode::of(value(ENABLED), value(DRY_RUN)), mode);
            }
        }
    }

    #[test]
    fn its_switches_are_fields() {
        for (key, _) in Mode::ALL.iter().flat_map(|mode| mode.switches()) {
            assert!(FORM.field(key).is_some(), "{key}");
        }
    }

    #[test]
    fn pausing_leaves_the_dry_run_as_it_is() {
        assert!(
            Mode::Paused
                .switches()
                .iter()
                .all(|(key, _)| *key != DRY_RUN)
        );
        assert!(Mode::Paused.help(true).contains("dry run"));
    }
}
