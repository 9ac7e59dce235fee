//! The programs' end: they hold their last picture so that it can be looked at or photographed, until a line or the end
//! of standard input, a key or a close button says to go on. With `--step` they do so after every frame.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};

use x11_dl::xlib;

use crate::Result;
use crate::xlib::XDisplay;

/// Where a program stops and waits.
pub struct Pace {
    step: bool,
    // Unbuffered: what is not read yet must still be visible to poll().
    input: File,
}

impl Pace {
    /// `step` makes [`Pace::frame`] wait after every frame.
    pub fn new(step: bool) -> Result<Self> {
        Ok(Self { step, input: File::from(std::io::stdin().as_fd().try_clone_to_owned()?) })
    }

    /// To be called when frame `number` is complete. When stepping, it prints `frame NUMBER` once the X server has it,
    /// and waits for a line on standard input; at its end it waits no more.
    pub fn frame(&mut self, display: &XDisplay, number: u32) -> Result<()> {
        if self.step {
            display.sync();
            say(&format!("frame {number}"))?;
            self.step = self.read_line()?;
        }
        Ok(())
    }

    /// Prints `ready` once the X server has the last frame, and holds it until told to go.
    pub fn hold(&mut self, display: &XDisplay) -> Result<()> {
        display.sync();
        say("ready")?;
        loop {
            while let Some(event) = display.next_event() {
                if matches!(event.get_type(), xlib::KeyPress | xlib::ClientMessage) {
                    return Ok(());
                }
            }
            let mut wait = [self.input.as_raw_fd(), display.fd()].map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
            // SAFETY: the array has the two entries that are passed.
            if unsafe { libc::poll(wait.as_mut_ptr(), 2, -1) } > 0 && wait[0].revents != 0 {
                self.read_line()?;
                return Ok(());
            }
        }
    }

    /// Reads one line; `false` at the end of the input.
    fn read_line(&mut self) -> Result<bool> {
        let mut byte = [0];
        loop {
            match self.input.read(&mut byte)? {
                0 => return Ok(false),
                _ if byte[0] == b'\n' => return Ok(true),
                _ => {}
            }
        }
    }
}

/// Prints a line for whoever reads the program's output, at once.
pub fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}
