//! `loss.svg`: training and validation loss against steps or work, readable on light and dark pages.

use std::fmt::Write;

/// What the x-axis counts.
#[derive(Debug, Clone)]
pub enum Axis {
    /// Steps; it ends here, so that the picture does not jump as training goes on.
    Steps(u64),
    /// Floating-point operations, by powers of ten, with a mark wherever the model grew.
    Work(Vec<f64>),
}

/// What is drawn.
#[derive(Debug, Clone)]
pub struct Curves {
    /// In the heading.
    pub title: String,
    /// What the points' first numbers are.
    pub axis: Axis,
    /// Loss of guessing uniformly, ln V.
    pub uniform: f64,
    /// Training: where, and the loss.
    pub train: Vec<(f64, f64)>,
    /// Validation: where, and the loss.
    pub validation: Vec<(f64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 48.0;

/// Points drawn for a curve; beyond that the lowest and highest of each stretch stand for it.
const MAX_POINTS: usize = 1_200;

const STYLE: &str = "
svg { --ink: #1f2328; --soft: #59636e; --grid: #d8dee4; --paper: #ffffff; --train: #7aa5dd; --val: #b4460f; --guess: #6e7781 }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e6edf3; --soft: #9aa4af; --grid: #30363d; --paper: #0d1117; --train: #4b7fc4; --val: #ff9d5c; --guess: #8b949e }
}
text { font: 12px system-ui, sans-serif; fill: var(--soft) }
.title { font-size: 15px; font-weight: 600; fill: var(--ink) }
.grid { stroke: var(--grid) }
.axis { stroke: var(--soft) }
.train { stroke: var(--train); fill: none; stroke-width: 1.2 }
.val { stroke: var(--val); fill: none; stroke-width: 2 }
.dot { fill: var(--val) }
.guess { stroke: var(--guess); stroke-dasharray: 5 4 }
.grown { stroke: var(--soft); stroke-dasharray: 2 3 }
";

/// Draws the curves as an SVG document.
pub fn draw(curves: &Curves) -> String {
    let frame = Frame::new(curves);
    let mut svg = String::new();
    head(&mut svg, curves);
    y_axis(&mut svg, &frame);
    x_axis(&mut svg, &frame, &curves.axis);
    guess(&mut svg, &frame, curves.uniform);
    curve(&mut svg, &frame, "train", &thin(&curves.train));
    curve(&mut svg, &frame, "val", &thin(&curves.validation));
    best(&mut svg, &frame, &curves.validation);
    legend(&mut svg, curves);
    svg.push_str("</svg>\n");
    svg
}

/// The ranges of both axes, and from data to picture.
#[derive(Debug)]
struct Frame {
    /// The x-axis, from and to; of logarithms where it counts work.
    left: f64,
    right: f64,
    by_powers: bool,
    low: f64,
    high: f64,
    tick: f64,
}

impl Frame {
    fn new(curves: &Curves) -> Self {
        let losses =
            || curves.train.iter().chain(&curves.validation).map(|point| point.1).filter(|loss| loss.is_finite());
        let lowest = losses().fold(curves.uniform, f64::min);
        // A first loss far above guessing would squash the rest; it leaves the picture at the top instead.
        let highest = losses().fold(curves.uniform, f64::max).min(curves.uniform * 1.2).max(lowest + 0.1);
        let tick = nice_tick((highest - lowest) / 6.0);
        let low = ((lowest / tick).floor() * tick).max(0.0);
        let (left, right, by_powers) = span(curves);
        Self { left, right, by_powers, low, high: (highest / tick).ceil() * tick, tick }
    }

    fn x(&self, place: f64) -> f64 {
        let place = if self.by_powers { place.max(1.0).log10() } else { place };
        LEFT + (place - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, loss: f64) -> f64 {
        let part = ((loss - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
    }
}

/// Where the x-axis begins and ends, and whether it goes by powers of ten.
fn span(curves: &Curves) -> (f64, f64, bool) {
    let places = || curves.train.iter().chain(&curves.validation).map(|point| point.0);
    match curves.axis {
        Axis::Steps(steps) => (0.0, places().fold(steps as f64, f64::max).max(1.0), false),
        Axis::Work(_) => {
            let powers = || places().map(|place| place.max(1.0).log10());
            let left = powers().fold(f64::INFINITY, f64::min);
            let left = if left.is_finite() { left } else { 0.0 };
            (left, powers().fold(left + 0.1, f64::max), true)
        }
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `least`.
fn nice_tick(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * 0.999);
    factor.unwrap_or(10.0) * power
}

/// Writing to a string cannot fail.
macro_rules! put {
    ($svg:expr, $($what:tt)*) => {
        let _ = writeln!($svg, $($what)*);
    };
}

fn head(svg: &mut String, curves: &Curves) {
    let title = escape(&curves.title);
    let last = |points: &[(f64, f64)]| points.last().map_or("none yet".to_owned(), |point| format!("{:.3}", point.1));
    let (train, validation) = (last(&curves.train), last(&curves.validation));
    put!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">"#
    );
    put!(svg, r#"<title id="t">Loss of {title}</title>"#);
    put!(
        svg,
        r#"<desc id="d">Training loss {train}, validation loss {validation}, guessing uniformly {:.3}.</desc>"#,
        curves.uniform
    );
    put!(svg, "<style>{STYLE}</style>");
    put!(svg, r#"<rect width="{WIDTH}" height="{HEIGHT}" style="fill: var(--paper)"/>"#);
    put!(svg, r#"<text class="title" x="{LEFT}" y="22">{title}</text>"#);
}

fn y_axis(svg: &mut String, frame: &Frame) {
    let count = ((frame.high - frame.low) / frame.tick).round() as usize;
    let digits = (-frame.tick.log10().floor()).max(0.0) as usize;
    for index in 0..=count {
        let loss = frame.low + index as f64 * frame.tick;
        let (y, right) = (frame.y(loss), WIDTH - RIGHT);
        put!(svg, r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/>"#);
        put!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{loss:.digits$}</text>"#, LEFT - 8.0, y + 4.0);
    }
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    put!(
        svg,
        r#"<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">loss (nats per token)</text>"#
    );
}

fn x_axis(svg: &mut String, frame: &Frame, axis: &Axis) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    put!(svg, r#"<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>"#);
    for (place, label) in x_ticks(frame) {
        let x = frame.x(place);
        put!(svg, r#"<line class="axis" x1="{x:.1}" y1="{bottom}" x2="{x:.1}" y2="{:.1}"/>"#, bottom + 4.0);
        put!(svg, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#, bottom + 18.0);
    }
    let (name, growths) = match axis {
        Axis::Steps(_) => ("step", [].as_slice()),
        Axis::Work(growths) => ("floating-point operations of training", growths.as_slice()),
    };
    for x in growths.iter().map(|place| frame.x(*place)) {
        put!(svg, r#"<line class="grown" x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom}"/>"#);
        put!(svg, r#"<text x="{:.1}" y="{:.1}">grown</text>"#, x + 4.0, TOP + 12.0);
    }
    put!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{name}</text>"#, (LEFT + right) / 2.0, HEIGHT - 10.0);
}

/// Where the x-axis has ticks, and what stands there.
fn x_ticks(frame: &Frame) -> Vec<(f64, String)> {
    if frame.by_powers {
        let powers = frame.left.ceil() as i32..=frame.right.floor() as i32;
        return powers.map(|power| (10f64.powi(power), format!("1e{power}"))).collect();
    }
    let tick = nice_tick(frame.right / 8.0).max(1.0);
    let count = (frame.right / tick).floor() as usize;
    (0..=count).map(|index| index as f64 * tick).map(|step| (step, step.to_string())).collect()
}

fn guess(svg: &mut String, frame: &Frame, uniform: f64) {
    let (y, right) = (frame.y(uniform), WIDTH - RIGHT);
    put!(svg, r#"<line class="guess" x1="{LEFT}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/>"#);
    put!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="end">guessing uniformly: ln V = {uniform:.2}</text>"#,
        right - 4.0,
        y - 5.0
    );
}

fn curve(svg: &mut String, frame: &Frame, class: &str, points: &[(f64, f64)]) {
    if points.is_empty() {
        return;
    }
    let place = |&(x, loss): &(f64, f64)| format!("{:.1},{:.1}", frame.x(x), frame.y(loss));
    let places: Vec<String> = points.iter().map(place).collect();
    put!(svg, r#"<polyline class="{class}" points="{}"/>"#, places.join(" "));
}

fn best(svg: &mut String, frame: &Frame, validation: &[(f64, f64)]) {
    let best = validation.iter().filter(|point| point.1.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some(&(place, loss)) = best {
        put!(svg, r#"<circle class="dot" cx="{:.1}" cy="{:.1}" r="4"/>"#, frame.x(place), frame.y(loss));
    }
}

fn legend(svg: &mut String, curves: &Curves) {
    let last = curves.train.last().map(|point| format!("training {:.3}", point.1));
    let best = curves.validation.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let best = best.map(|point| match curves.axis {
        Axis::Steps(_) => format!("validation, best {:.3} at step {}", point.1, point.0),
        Axis::Work(_) => format!("validation, best {:.3}", point.1),
    });
    let mut x = LEFT;
    for (class, label) in [("train", last), ("val", best)] {
        let Some(label) = label else { continue };
        put!(svg, r#"<line class="{class}" x1="{x}" y1="40" x2="{:.1}" y2="40"/>"#, x + 22.0);
        put!(svg, r#"<text x="{:.1}" y="44">{label}</text>"#, x + 28.0);
        x += 170.0;
    }
}

/// At most [`MAX_POINTS`] points: the lowest and the highest of each stretch, in their order. Losses that are no numbers go.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite: Vec<_> = points.iter().copied().filter(|point| point.1.is_finite()).collect();
    if finite.len() <= MAX_POINTS {
        return finite;
    }
    let stretch = (2 * finite.len()).div_ceil(MAX_POINTS);
    finite.chunks(stretch).flat_map(extremes).collect()
}

fn extremes(stretch: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    let by_loss = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let low = stretch.iter().min_by(by_loss);
    let high = stretch.iter().max_by(by_loss).filter(|high| Some(*high) != low);
    let mut both: Vec<_> = low.into_iter().chain(high).copied().collect();
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    both.into_iter()
}

fn escape(text: &str) -> String {
    let allowed = text.chars().filter(|character| !character.is_control());
    allowed.fold(String::new(), |mut out, character| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(count: u64) -> Curves {
        let loss = |step: u64| (step as f64, 4.0 / (1.0 + step as f64 / 50.0));
        Curves {
            title: "tiny & <small>".to_owned(),
            axis: Axis::Steps(count.max(1)),
            uniform: 4.19,
            train: (1..=count).map(loss).collect(),
            validation: (1..=count).filter(|step| step % 100 == 0).map(loss).collect(),
        }
    }

    #[test]
    fn a_picture_has_its_parts() {
        let svg = draw(&curves(500));
        for part in
            ["class=\"train\" points", "class=\"val\" points", "ln V = 4.19", "tiny &amp; &lt;small&gt;", "<circle"]
        {
            assert!(svg.contains(part), "{part} is missing");
        }
        assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn nothing_yet_one_point_and_no_number_are_drawn_too() {
        let mut odd = curves(0);
        assert!(!draw(&odd).contains("points="));
        odd.train = vec![(1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 700.0)];
        let svg = draw(&odd);
        assert!(!svg.contains("NaN,") && !svg.contains("inf,"), "{svg}");
        assert!(!draw(&curves(1)).contains("NaN"));
    }

    #[test]
    fn long_runs_stay_small_and_keep_their_spikes() {
        let mut long = curves(1_000_000);
        long.train[700_000].1 = 4.9;
        let thinned = thin(&long.train);
        assert!(thinned.len() <= MAX_POINTS);
        assert!(thinned.contains(&(700_001.0, 4.9)));
        assert!(thinned.is_sorted_by_key(|point| point.0));
        assert!(draw(&long).len() < 80_000);
    }

    #[test]
    fn a_model_that_grew_is_drawn_by_its_work() {
        let mut grown = curves(100);
        grown.axis = Axis::Work(vec![3e12]);
        for point in grown.train.iter_mut().chain(&mut grown.validation) {
            point.0 *= 1e11;
        }
        let svg = draw(&grown);
        assert!(svg.contains(">grown</text>") && svg.contains(">1e12</text>") && svg.contains("floating-point"));
        assert!(!svg.contains("NaN") && !svg.contains("at step"));
        grown.train.clear();
        grown.validation.clear();
        assert!(!draw(&grown).contains("NaN"));
    }

    #[test]
    fn ticks_are_round() {
        for (least, tick) in [(0.13, 0.2), (0.5, 0.5), (62.5, 100.0), (0.021, 0.05)] {
            assert!((nice_tick(least) / tick - 1.0).abs() < 1e-9, "{least}");
        }
    }
}
