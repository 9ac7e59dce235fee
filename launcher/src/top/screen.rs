//! The runs on a terminal.

use std::io;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table};
use ratatui::{DefaultTerminal, Frame};

use super::NOTHING;
use super::runs::Runs;

/// The columns' names.
pub const HEAD: [&str; 10] = [
    "PID",
    "WINDOW",
    "RENDERED/s",
    "DELIVERED/s",
    "DROPPED",
    "SWAP ms",
    "READ ms",
    "CONVERT ms",
    "POST ms",
    "PROGRAM",
];

/// The columns of each window, and of programs that have none yet.
pub fn cells(runs: &Runs) -> Vec<[String; 10]> {
    let windows = runs.windows().map(|(program, pid, window, state)| {
        let ms = state.stages.map(|stage| stage.map_or("-".to_owned(), |ms| format!("{ms:.3}")));
        let [swap, read, convert, post] = ms;
        [
            pid.to_string(),
            format!("{window:#x}"),
            format!("{:.1}", state.rates[0]),
            format!("{:.1}", state.rates[1]),
            state.dropped.to_string(),
            swap,
            read,
            convert,
            post,
            program.to_owned(),
        ]
    });
    let idle = runs.idle().map(|program| {
        let mut row: [String; 10] = std::array::from_fn(|_| "-".to_owned());
        row[9] = format!("{program} (no frame yet)");
        row
    });
    windows.chain(idle).collect()
}

/// Shows them until q, Escape or control-C.
pub fn show(runs: &mut Runs, interval: Duration) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let ended = show_on(&mut terminal, runs, interval);
    ratatui::try_restore()?;
    ended
}

fn show_on(terminal: &mut DefaultTerminal, runs: &mut Runs, interval: Duration) -> io::Result<()> {
    loop {
        let rows = cells(runs);
        terminal.draw(|frame| draw(frame, rows))?;
        let due = Instant::now() + interval;
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            if event::poll(left)?
                && let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control_c =
                    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                if control_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                    return Ok(());
                }
            }
        }
        runs.look();
    }
}

fn draw(frame: &mut Frame, rows: Vec<[String; 10]>) {
    let [title, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(Line::from("glxrun top").bold(), title);
    frame.render_widget(Line::from("q ends. Times are means since the last look.").dim(), foot);
    if rows.is_empty() {
        frame.render_widget(Line::from(NOTHING), body);
        return;
    }
    let numbers = |index: usize, text: String| {
        let line = Line::from(text);
        Cell::from(if index < 9 { line.right_aligned() } else { line })
    };
    let head = Row::new(HEAD.iter().enumerate().map(|(index, name)| numbers(index, (*name).to_owned())));
    let rows = rows
        .into_iter()
        .map(|row| Row::new(row.into_iter().enumerate().map(|(index, text)| numbers(index, text))));
    let widths = HEAD.iter().map(|name| match *name {
        "PROGRAM" => Constraint::Fill(1),
        "WINDOW" => Constraint::Length(10),
        "PID" => Constraint::Length(8),
        name => Constraint::Length(name.len() as u16),
    });
    let table = Table::new(rows, widths).header(head.style(Style::new().bold().reversed())).column_spacing(2);
    frame.render_widget(table, body);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn drawn(rows: Vec<[String; 10]>) -> String {
        let mut terminal = Terminal::new(TestBackend::new(110, 5)).expect("a terminal");
        terminal.draw(|frame| draw(frame, rows)).expect("drawn");
        terminal.backend().to_string()
    }

    #[test]
    fn windows_are_rows_under_their_heads() {
        let row = ["77", "0x400002", "99.5", "98.0", "1", "0.123", "0.1", "0.2", "0.3", "glxgears -info"];
        let screen = drawn(vec![row.map(str::to_owned)]);
        assert!(screen.contains("RENDERED/s  DELIVERED/s  DROPPED  SWAP ms"), "{screen}");
        assert!(screen.contains("0x400002        99.5         98.0        1    0.123"), "{screen}");
        assert!(screen.contains("glxgears -info"), "{screen}");
        assert!(drawn(Vec::new()).contains(NOTHING));
    }
}
