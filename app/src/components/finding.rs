//! What the loop has concluded: each in a sentence, with the way to what decides it and its code.

use domain::plan::{ConfigReport, Finding, Reason, explain};
use leptos::prelude::*;

use crate::components::badge::mark;
use crate::components::table::link;
use crate::forms;
use crate::text::{finding as text, words};

/// A list of findings; `config` is the report they stand in, where their numbers are. `leads_on`: each leads to what it is
/// about and to the field that decides it, which a form that is being filled in must not.
pub fn finding_list<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    config: Option<&ConfigReport>,
    leads_on: bool,
) -> AnyView {
    let items = explain::gathered(findings).into_iter().map(|finding| {
        let ways = leads_on.then(|| {
            let field = config.and_then(|config| way_to(finding.reason, config));
            let server = finding
                .server_id
                .map(|id| (format!("/admin/servers/{id}"), text::TO_SERVER));
            [field, server]
                .into_iter()
                .flatten()
                .map(|(href, word)| view! { " " {link(href, word)} })
                .collect_view()
        });
        view! {
            <li>
                {mark(words::finding_shape(finding.reason))}
                " "
                {explain::sentence(&finding, config)}
                {ways}
                " "
                <span class="reason">{finding.reason.code()}</span>
            </li>
        }
    });
    view! { <ul class="findings">{items.collect_view()}</ul> }.into_any()
}

/// Where the field is set that decides whether a conclusion about a config holds, and its label.
pub fn way_to(reason: Reason, config: &ConfigReport) -> Option<(String, &'static str)> {
    let (of_config, key) = match reason {
        Reason::HeldDisabled => (true, "enabled"),
        Reason::HeldDryRun => (true, "dry_run"),
        Reason::GrewBelowMinimum | Reason::HeldEnough | Reason::KeptMinimum => {
            (true, "minimum_available_sessions")
        }
        Reason::BackoffStarted | Reason::KeptBackoff | Reason::ShrankSurplus => {
            (true, "downscale_backoff_seconds")
        }
        Reason::HeldAtLimit => (false, "max_instances"),
        Reason::HeldUnprepared => (false, "startup_script"),
        // No field decides these: the provider's page says how it is doing.
        Reason::HeldBreakerOpen | Reason::HeldProviderBackoff => {
            let href = format!("/admin/providers/{}/edit", config.provider_id);
            return Some((href, text::TO_PROVIDER));
        }
        _ => return None,
    };
    Some(if of_config {
        let field = domain::autoscale::FORM.field(key)?;
        let href = format!(
            "/admin/autoscale/{}/edit?step={}#{key}",
            config.config_id, field.step
        );
        (href, field.label)
    } else {
        let field = forms::PROVIDER.field(key)?;
        let href = format!("/admin/providers/{}/edit#{key}", config.provider_id);
        (href, field.label)
    })
}

#[cfg(test)]
mod tests {
    use domain::id::{ConfigId, ProviderId, ZoneId};
    use domain::plan::{Downscale, Upscale};

    use super::*;

    fn report() -> ConfigReport {
        let bare = "01980000-0000-7000-8000-000000000001";
        ConfigReport {
            config_id: ConfigId::from_bare(bare).expect("an id"),
            config_version: 1,
            zone_id: ZoneId::from_bare(bare).expect("an id"),
            provider_id: ProviderId::from_bare(bare).expect("an id"),
            up: Upscale::default(),
            down: Downscale::default(),
            findings: Vec::new(),
            problem: None,
        }
    }

    #[test]
    fn what_limits_leads_to_its_field() {
        let (href, label) = way_to(Reason::HeldAtLimit, &report()).expect("a way");
        assert!(href.ends_with("/edit#max_instances"), "{href}");
        assert_eq!(label, "Max Instances");
        let (href, label) = way_to(Reason::HeldDisabled, &report()).expect("a way");
        assert!(href.ends_with("/edit?step=basics#enabled"), "{href}");
        assert_eq!(label, "Enabled");
    }

    #[test]
    fn every_conclusion_about_a_config_leads_on_where_a_field_decides_it() {
        // Decided by people, by what is on its way, by the server itself, by a setting of the process, by the provider, or by
        // what holds everything.
        const BY_NO_FIELD: [Reason; 14] = [
            Reason::GrewWaiting,
            Reason::GrewProbe,
            Reason::HeldEnoughStarting,
            Reason::HeldCreatesPerHour,
            Reason::HeldShortList,
            Reason::HeldPaused,
            Reason::HeldObserving,
            Reason::ShrankSingleUse,
            Reason::ShrankDrained,
            Reason::ShrankFailed,
            Reason::KeptInUse,
            Reason::KeptDraining,
            Reason::KeptGrace,
            Reason::BackoffCleared,
        ];
        for &reason in Reason::ALL {
            let family = reason.code().split('.').next();
            let is_of_config = matches!(
                family,
                Some("grew" | "held" | "shrank" | "kept" | "backoff")
            );
            assert_eq!(
                way_to(reason, &report()).is_some(),
                is_of_config && !BY_NO_FIELD.contains(&reason),
                "{reason}"
            );
        }
    }
}
