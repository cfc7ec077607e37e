//! The colour theme: light, dark, or what the system asks for.
//!
//! The choice lives in a cookie, so that the server renders the right theme at once and the first render in the
//! browser equals the server's.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;

use crate::components::confirm::use_ready;
use crate::text::theme as text;

/// Name of the cookie that holds the choice.
pub const THEME_COOKIE: &str = "weir_theme";

/// Name of the attribute of `<html>` that style sheets look at; absent for [`Theme::Auto`].
pub const THEME_ATTRIBUTE: &str = "data-theme";

/// How long the browser keeps the choice, in seconds: one year.
const COOKIE_MAX_AGE_SECS: u32 = 365 * 24 * 60 * 60;

/// A colour theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// What the system asks for.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All themes, in the order in which people choose.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in the cookie and in the attribute.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The word that people see.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Auto => text::AUTO,
            Self::Light => text::LIGHT,
            Self::Dark => text::DARK,
        }
    }

    /// The theme with this key; an unknown one is [`Theme::Auto`], since a cookie may hold anything.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.key() == key)
            .unwrap_or_default()
    }

    /// The choice in a `Cookie` header.
    #[must_use]
    pub fn from_cookies(header: &str) -> Self {
        header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == THEME_COOKIE)
            .map(|(_, value)| Self::from_key(value))
            .unwrap_or_default()
    }

    /// The value of [`THEME_ATTRIBUTE`], or nothing for [`Theme::Auto`].
    #[must_use]
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::Auto).then(|| self.key())
    }
}

/// The theme of this tab.
#[derive(Clone, Copy)]
pub struct ChosenTheme(RwSignal<Theme>);

impl ChosenTheme {
    /// Provides it. Call once, at the root.
    pub fn provide() {
        provide_context(Self(RwSignal::new(current_theme())));
    }

    /// Provides one that is chosen already, for the gallery.
    #[cfg(debug_assertions)]
    pub fn provide_as(theme: Theme) {
        provide_context(Self(RwSignal::new(theme)));
    }

    /// Shows another one from now on.
    pub fn set(self, theme: Theme) {
        self.0.set(theme);
        apply(theme);
    }
}

/// Three radio buttons that switch the theme at once. They are disabled until the browser has taken the page over.
#[component]
pub fn ThemePicker() -> impl IntoView {
    let theme = expect_context::<ChosenTheme>();
    let ChosenTheme(chosen) = theme;
    let ready = use_ready();

    view! {
        <fieldset class="segmented" disabled=move || !ready.get()>
            <legend class="visually-hidden">{text::THEME}</legend>
            {Theme::ALL
                .into_iter()
                .map(|one| {
                    let is_chosen = move || chosen.get() == one;
                    view! {
                        <label>
                            <input
                                type="radio"
                                name="theme"
                                value=one.key()
                                checked=untrack(is_chosen)
                                prop:checked=is_chosen
                                on:change=move |_| theme.set(one)
                            />
                            <span>{one.label()}</span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

/// The theme this render starts with: from the request on the server, from `<html>` in the browser.
#[cfg(feature = "ssr")]
fn current_theme() -> Theme {
    crate::shell::requested_theme()
}

#[cfg(not(feature = "ssr"))]
fn current_theme() -> Theme {
    document()
        .document_element()
        .and_then(|root| root.get_attribute(THEME_ATTRIBUTE))
        .map(|key| Theme::from_key(&key))
        .unwrap_or_default()
}

/// Shows the theme and keeps the choice. Runs in the browser only.
fn apply(theme: Theme) {
    let document = document();
    if let Some(root) = document.document_element() {
        // Both names are constants, so the browser can not refuse them.
        let _ = match theme.attribute() {
            Some(value) => root.set_attribute(THEME_ATTRIBUTE, value),
            None => root.remove_attribute(THEME_ATTRIBUTE),
        };
    }
    let cookie = format!(
        "{THEME_COOKIE}={}; Path=/; Max-Age={COOKIE_MAX_AGE_SECS}; SameSite=Lax",
        theme.key()
    );
    if let Ok(document) = document.dyn_into::<web_sys::HtmlDocument>() {
        // A browser that refuses cookies still shows the theme until the next load.
        let _ = document.set_cookie(&cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_leads_back_to_its_theme() {
        for theme in Theme::ALL {
            assert_eq!(Theme::from_key(theme.key()), theme);
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(
            Theme::from_cookies("a=1; weir_theme=dark; b=2"),
            Theme::Dark
        );
        assert_eq!(Theme::from_cookies("xweir_theme=dark"), Theme::Auto);
        assert_eq!(Theme::from_cookies("weir_theme=<script>"), Theme::Auto);
        assert_eq!(Theme::from_cookies(""), Theme::Auto);
    }
}
