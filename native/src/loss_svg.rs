//! `loss.svg`: training and validation loss against steps, readable on light and dark pages.

use std::fmt::Write;

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub struct Curves {
    /// In the heading.
    pub title: String,
    /// The x-axis ends here, so that the picture does not jump as training goes on.
    pub steps: u64,
    /// Loss of guessing uniformly, ln V.
    pub uniform: f64,
    /// (step, loss) of training.
    pub train: Vec<(u64, f64)>,
    /// (step, loss) of validation.
    pub validation: Vec<(u64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 48.0;

/// Points drawn for a curve; beyond that the lowest and highest of each stretch stand for it.
const MOST_POINTS: usize = 1_200;

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
";

/// Draws the curves as an SVG document.
pub fn draw(curves: &Curves) -> String {
    let frame = Frame::new(curves);
    let mut svg = String::new();
    head(&mut svg, curves);
    y_axis(&mut svg, &frame);
    x_axis(&mut svg, &frame);
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
    steps: f64,
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
        let steps = curves.train.iter().chain(&curves.validation).map(|point| point.0).fold(curves.steps, u64::max);
        Self { steps: steps.max(1) as f64, low, high: (highest / tick).ceil() * tick, tick }
    }

    fn x(&self, step: f64) -> f64 {
        LEFT + step / self.steps * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, loss: f64) -> f64 {
        let part = ((loss - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
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
    let last = |points: &[(u64, f64)]| points.last().map_or("none yet".to_owned(), |point| format!("{:.3}", point.1));
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

fn x_axis(svg: &mut String, frame: &Frame) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    put!(svg, r#"<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>"#);
    let tick = nice_tick(frame.steps / 8.0).max(1.0);
    let mut step = 0.0;
    while step <= frame.steps {
        let x = frame.x(step);
        put!(svg, r#"<line class="axis" x1="{x:.1}" y1="{bottom}" x2="{x:.1}" y2="{:.1}"/>"#, bottom + 4.0);
        put!(svg, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{step}</text>"#, bottom + 18.0);
        step += tick;
    }
    put!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">step</text>"#, (LEFT + right) / 2.0, HEIGHT - 10.0);
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

fn curve(svg: &mut String, frame: &Frame, class: &str, points: &[(u64, f64)]) {
    if points.is_empty() {
        return;
    }
    let place = |&(step, loss): &(u64, f64)| format!("{:.1},{:.1}", frame.x(step as f64), frame.y(loss));
    let places: Vec<String> = points.iter().map(place).collect();
    put!(svg, r#"<polyline class="{class}" points="{}"/>"#, places.join(" "));
}

fn best(svg: &mut String, frame: &Frame, validation: &[(u64, f64)]) {
    let best = validation.iter().filter(|point| point.1.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some(&(step, loss)) = best {
        put!(svg, r#"<circle class="dot" cx="{:.1}" cy="{:.1}" r="4"/>"#, frame.x(step as f64), frame.y(loss));
    }
}

fn legend(svg: &mut String, curves: &Curves) {
    let last = curves.train.last().map(|point| format!("training {:.3}", point.1));
    let best = curves.validation.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let best = best.map(|point| format!("validation, best {:.3} at step {}", point.1, point.0));
    let mut x = LEFT;
    for (class, label) in [("train", last), ("val", best)] {
        let Some(label) = label else { continue };
        put!(svg, r#"<line class="{class}" x1="{x}" y1="40" x2="{:.1}" y2="40"/>"#, x + 22.0);
        put!(svg, r#"<text x="{:.1}" y="44">{label}</text>"#, x + 28.0);
        x += 170.0;
    }
}

/// At most [`MOST_POINTS`] points: the lowest and the highest of each stretch, in their order. Losses that are no numbers go.
fn thin(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let finite: Vec<_> = points.iter().copied().filter(|point| point.1.is_finite()).collect();
    if finite.len() <= MOST_POINTS {
        return finite;
    }
    let stretch = (2 * finite.len()).div_ceil(MOST_POINTS);
    finite.chunks(stretch).flat_map(extremes).collect()
}

fn extremes(stretch: &[(u64, f64)]) -> impl Iterator<Item = (u64, f64)> {
    let by_loss = |a: &&(u64, f64), b: &&(u64, f64)| a.1.total_cmp(&b.1);
    let low = stretch.iter().min_by(by_loss);
    let high = stretch.iter().max_by(by_loss).filter(|high| Some(*high) != low);
    let mut both: Vec<_> = low.into_iter().chain(high).copied().collect();
    both.sort_by_key(|point| point.0);
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
        let loss = |step: u64| (step, 4.0 / (1.0 + step as f64 / 50.0));
        Curves {
            title: "tiny & <small>".to_owned(),
            steps: count.max(1),
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
        odd.train = vec![(1, f64::NAN), (2, f64::INFINITY), (3, 700.0)];
        let svg = draw(&odd);
        assert!(!svg.contains("NaN,") && !svg.contains("inf,"), "{svg}");
        assert!(!draw(&curves(1)).contains("NaN"));
    }

    #[test]
    fn long_runs_stay_small_and_keep_their_spikes() {
        let mut long = curves(1_000_000);
        long.train[700_000].1 = 4.9;
        let thinned = thin(&long.train);
        assert!(thinned.len() <= MOST_POINTS);
        assert!(thinned.contains(&(700_001, 4.9)));
        assert!(thinned.is_sorted_by_key(|point| point.0));
        assert!(draw(&long).len() < 80_000);
    }

    #[test]
    fn ticks_are_round() {
        for (least, tick) in [(0.13, 0.2), (0.5, 0.5), (62.5, 100.0), (0.021, 0.05)] {
            assert!((nice_tick(least) / tick - 1.0).abs() < 1e-9, "{least}");
        }
    }
}
