//! Frames that are read in the program's thread, as is best where the CPU renders: straight onto the window's place on the screen
//! where the framebuffer sink allows that and nothing is left to do, else into a slot.

use std::sync::Arc;
use std::time::Instant;

use glxrun_contract::records::Record;
use glxrun_display::Window;

use super::strategy::{Drawn, Sent, Strategy};
use super::{orders, readback};

/// glReadPixels, in the program's thread.
pub struct Direct;

impl Strategy for Direct {
    fn is_there(&self, _: &dyn Drawn) -> bool {
        true
    }

    fn send(&self, drawn: &dyn Drawn, window: &Arc<Window>, record: &Record) -> Sent {
        let (width, height) = drawn.size();
        if is_plain(drawn, window)
            && let Some(mut room) = window.acquire_on_screen(width, height)
        {
            room.set_record(record.clone());
            let start = Instant::now();
            drawn.read(&mut |source| {
                if let Some(rows) = room.rows() {
                    readback::onto(source.features, source.from, &rows, &window.layout());
                }
            });
            room.post();
            return Sent::After(start.elapsed());
        }
        let Some(mut slot) = window.acquire(width, height) else { return Sent::Dropped };
        slot.set_record(record.clone());
        let start = Instant::now();
        drawn.read(&mut |source| orders::fill(source, &mut slot));
        window.post(slot);
        Sent::After(start.elapsed())
    }
}

/// Whether such a frame is read with nothing left to do.
fn is_plain(drawn: &dyn Drawn, window: &Window) -> bool {
    let ((width, height), layout) = (drawn.size(), window.layout());
    let pixels = u32::from(width) * u32::from(height);
    readback::is_plain(drawn.features(), &layout)
        && orders::is_native(drawn.features(), &layout, drawn.config(), pixels)
}
