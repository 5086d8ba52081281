//! How time and memory per instance grow with the number of instances: rows of the table, and a plot.

use std::fmt::Write;

use crate::measure::{Line, Row, Unit};

/// The sizes in VMs between which the cost of an instance may hardly grow. The larger one is measured on request.
const FROM: &str = "100000 VMs";
const TO: [&str; 2] = ["10000000 VMs", "1000000 VMs"];

/// The rows of one kind of work, from small to large.
fn series(lines: &[Line]) -> Vec<(&str, Vec<&Row>)> {
    let mut all: Vec<(&str, Vec<&Row>)> = Vec::new();
    for line in lines {
        let Line::Row(row) = line else { continue };
        if !row.work.starts_with("cloud") || row.work.contains("SQLite") {
            continue;
        }
        match all.iter_mut().find(|(work, _)| *work == row.work) {
            Some((_, rows)) => rows.push(row),
            None => all.push((&row.work, vec![row])),
        }
    }
    all
}

fn each(row: &Row) -> f64 {
    row.ours / row.per as f64
}

/// For each kind of work on u64 ids or flat arrays: an instance of the largest cloud against one of 100,000 VMs. With
/// u64 ids, the finders' hash maps exceed the processor's caches; flat arrays have no hash maps.
pub fn lines(lines: &[Line]) -> Vec<Line> {
    let mut found = Vec::new();
    for (work, rows) in series(lines)
        .into_iter()
        .filter(|(work, _)| work.contains(" u64 ids") || work.contains("flat arrays"))
    {
        let of = |size: &str| rows.iter().find(|row| row.size.starts_with(&format!("{size},")));
        let (Some(small), Some(large)) = (of(FROM), TO.iter().find_map(|size| of(size))) else { continue };
        found.push(Line::Row(Row {
            work: format!("growth: {work}, by instance"),
            size: large.size.clone(),
            unit: small.unit,
            ours: each(large),
            against: format!("an instance of {FROM}"),
            rival: each(small),
            bar: 1.5,
            per: 1,
        }));
    }
    found
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 60.0;
const BELOW: f64 = 40.0;
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// Two plots, one below the other: nanoseconds and bytes per instance, by the number of instances.
pub fn plot(lines: &[Line]) -> String {
    let series = series(lines);
    let panel = |unit: Unit| -> Vec<(&str, Vec<(f64, f64)>)> {
        let of_unit = series.iter().filter(|(_, rows)| rows.len() > 1 && rows[0].unit == unit);
        of_unit
            .map(|(work, rows)| (*work, rows.iter().map(|row| (row.per as f64, each(row))).collect()))
            .collect()
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"11\">\n",
        HEIGHT * 2.0
    );
    svg.push_str("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    draw(&mut svg, 0.0, "nanoseconds for an instance", &panel(Unit::Time));
    draw(&mut svg, HEIGHT, "bytes for an instance", &panel(Unit::Memory));
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, top: f64, title: &str, series: &[(&str, Vec<(f64, f64)>)]) {
    let points = || series.iter().flat_map(|(_, points)| points);
    let highest = points().map(|point| point.1).fold(1.0, f64::max);
    let (first, last) =
        points().fold((f64::MAX, 10.0_f64), |(first, last), &(at, _)| (first.min(at), last.max(at)));
    let (first, last) = (first.min(last).log10().floor(), last.log10().ceil());
    let x = |value: f64| LEFT + (value.log10() - first) / (last - first).max(1.0) * (WIDTH * 0.55 - LEFT);
    let y = |value: f64| top + HEIGHT - BELOW - value / highest * (HEIGHT - BELOW - 30.0);
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{title}</text>", top + 16.0);
    for step in 0..=4 {
        let value = highest * f64::from(step) / 4.0;
        let (at, right) = (y(value), WIDTH * 0.55);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>",
            LEFT - 6.0,
            at + 4.0
        );
    }
    let mut power = first;
    while power <= last {
        let at = x(10_f64.powf(power));
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">10^{power}</text>",
            top + HEIGHT - 22.0
        );
        power += 1.0;
    }
    for ((name, points), (at, colour)) in
        series.iter().zip(COLOURS.iter().cycle().enumerate().map(|(at, colour)| (at as f64, colour)))
    {
        let path: Vec<String> =
            points.iter().map(|&(at, value)| format!("{:.1},{:.1}", x(at), y(value))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for &(at, value) in points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x(at),
                y(value)
            );
        }
        let row = top + 36.0 + at * 18.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
            WIDTH * 0.58,
            row - 9.0
        );
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{row}\">{name}</text>", WIDTH * 0.58 + 16.0);
    }
}
