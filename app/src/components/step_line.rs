//! Figures over time as lines that go up and down in steps.

use std::fmt::Write as _;

use domain::capacity::CapacityLine;
use leptos::prelude::*;

use crate::text::figures as text;

/// The path of an SVG of this size. `top` is the figure at its upper edge.
pub fn path(
    figures: impl ExactSizeIterator<Item = u32>,
    top: u32,
    (width, height): (u32, u32),
) -> String {
    let count = u32::try_from(figures.len()).unwrap_or(u32::MAX).max(1);
    // A line at the very edge would be cut in half.
    let y = |value: u32| height - 2 - (height - 4) * value.min(top) / top.max(1);
    let mut path = String::new();
    let mut last = None;
    for (at, figure) in (0_u32..).zip(figures) {
        let (x, y) = (width * at / count, y(figure));
        if last.is_none() {
            let _ = write!(path, "M{x} {y}");
        } else if last != Some(y) {
            let _ = write!(path, "H{x}V{y}");
        }
        last = Some(y);
    }
    if last.is_some() {
        let _ = write!(path, "H{width}");
    }
    path
}

/// What lies below such a path.
pub fn area(path: &str, (_, height): (u32, u32)) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("{path}V{height}H0Z")
}

/// The small drawing's size, in its own units.
const SMALL: (u32, u32) = (120, 24);

/// What a pool held in the last hour, small enough for a table. The words say the same.
pub fn small_chart(line: &CapacityLine) -> AnyView {
    let highest = |figures: &[u32]| figures.iter().copied().max().unwrap_or(0);
    let tops = [&line.seats, &line.in_use, &line.waiting].map(|figures| highest(figures));
    let [seats, in_use, waiting] = tops;
    let top = tops.into_iter().max().unwrap_or(0).max(1);
    let draw = |class: &'static str, figures: &[u32]| {
        view! { <path class=class d=path(figures.iter().copied(), top, SMALL) /> }
    };
    let words = text::last_hour(seats, in_use, waiting);
    let (width, height) = SMALL;
    view! {
        <svg
            class="step-line"
            role="img"
            aria-label=words
            viewBox=format!("0 0 {width} {height}")
            width=width
            height=height
            preserveAspectRatio="none"
        >
            {draw("seats ready", &line.seats)}
            {draw("taken in-use", &line.in_use)}
            {(waiting > 0).then(|| draw("waits failed", &line.waiting))}
        </svg>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (1200, 160);

    #[test]
    fn a_line_steps_where_the_figure_changes() {
        let line = path([0, 0, 2, 1].into_iter(), 2, SIZE);
        assert_eq!(line, "M0 158H600V2H900V80H1200");
    }

    #[test]
    fn nothing_at_all_is_a_line_at_the_bottom_or_none() {
        assert_eq!(path([0, 0].into_iter(), 1, SIZE), "M0 158H1200");
        assert_eq!(path([].into_iter(), 1, SIZE), "");
    }
}
