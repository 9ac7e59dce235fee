//! A window that receives frames, and where each of its frames is.
//!
//! ```text
//!  free --acquire--> writing --post--> queued --poster--> in flight --completion--> free
//!                       |                |
//!                  dropped Slot    replaced (spoil on)
//!                       +------> free <--+
//! ```
//!
//! A remote frame goes the same way, from `reserve` on, but has a buffer only from when it is fetched, in flight; on its way
//! to the screen it needs none.
//!
//! At most one frame of a window is in flight, so that the server's speed decides which frames it gets: with spoil on a
//! newer frame replaces the queued one, with spoil off the program waits until there is room for it; then two
//! remote frames may be in flight. The newest posted frame stays as it is until another one is posted, so that it
//! can be read back and sent again.
//!
//! A program that never rests may keep busy processors from everybody else. Once several frames in a row have been replaced it
//! waits, for a moment at most, until one of them is taken.
//!
//! Frames have numbers, in the order in which the program began them. Several may be in the making at once and be posted in
//! another order: with spoil on the older one is dropped, with spoil off the newer one waits.

use std::sync::{Arc, Weak};

use glxrun_contract::counters::WindowCounters;
use glxrun_contract::records::Record;

use crate::image::Image;
use crate::loan::Loan;
use crate::on_screen::OnScreen;
use crate::remote::Reservation;
use crate::screen::Layout;
use crate::server::Server;
use crate::shared::Shared;
use crate::slot::Slot;

/// A window on the 2D side that receives frames; from [`Server::watch`]. The last handle to go stops the watching.
#[derive(Debug)]
pub struct Window {
    shared: Arc<Shared>,
    server: Arc<Server>,
}

impl Window {
    pub(crate) fn new(shared: Arc<Shared>, server: Arc<Server>) -> Window {
        Window { shared, server }
    }

    /// The window's XID.
    pub fn id(&self) -> u32 {
        self.shared.id
    }

    /// Width and height in pixels, as of the last event that was applied (see [`Server::pump`]). One atomic load.
    pub fn size(&self) -> (u16, u16) {
        self.shared.size()
    }

    /// Whether the window has been destroyed. It stays so, even if its XID comes to life again.
    pub fn is_gone(&self) -> bool {
        self.shared.is_gone()
    }

    /// VISUALID of the window.
    pub fn visual(&self) -> u32 {
        self.shared.visual
    }

    /// Depth of the window.
    pub fn depth(&self) -> u8 {
        self.shared.layout.depth
    }

    /// Root window of the window's screen.
    pub fn root(&self) -> u32 {
        self.shared.root
    }

    /// How the window's pixels, and so those of its slots, lie in memory.
    pub fn layout(&self) -> Layout {
        self.shared.layout
    }

    /// The connection that the window was watched on.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The window's frame counts. This crate counts delivered and dropped frames, its caller the rendered ones.
    pub fn counters(&self) -> &WindowCounters {
        &self.shared.counters
    }

    /// Begins the record of frame `number` of the window, whose swap was entered at `entered`; it does nothing where frames
    /// are not recorded. See [`Slot::set_record`].
    pub fn record(&self, number: u64, entered: u64) -> Record {
        self.shared.counters.record(number, entered)
    }

    /// Memory for a frame of `width` x `height` pixels, with unspecified content.
    ///
    /// With spoil on this hardly waits: a few ms at most, where frame after frame was replaced. With spoil off it waits while two frames of the window, slots included, are
    /// not yet delivered: a thread that holds two slots and asks for a third waits for ever.
    ///
    /// None if the window is gone, the connection is lost (also while waiting), the size is empty or there is no
    /// memory.
    pub fn acquire(&self, width: u16, height: u16) -> Option<Slot> {
        self.shared.acquire(width, height)
    }

    /// Room for a frame whose pixels are made elsewhere; see [`Remote`](crate::Remote).
    ///
    /// With spoil on this hardly waits, as [`acquire`](Self::acquire). With spoil off it waits while four frames of the window, reservations and slots
    /// included, are not yet delivered.
    ///
    /// None if the window is gone or the connection is lost (also while waiting).
    pub fn reserve(&self) -> Option<Reservation> {
        self.shared.reserve()
    }

    /// Memory for a frame of `width` x `height` pixels, with unspecified content, that is begun later; see
    /// [`Loan`]. Never waits. None if the window is gone, the connection is lost, the size is empty or there is
    /// no memory.
    pub fn lend(&self, width: u16, height: u16) -> Option<Loan> {
        self.shared.lend(width, height)
    }

    /// Fetches all remote frames that the window may still need: their pixels are about to be lost. None may be being made.
    pub fn bring_in(&self) {
        self.shared.bring_in();
    }

    /// Counts a frame that was rendered and will not be posted.
    pub fn drop_one(&self) {
        self.shared.drop_one();
    }

    /// The window's own pixels on the server's screen, for a frame of `width` x `height` pixels that is written there at once: no
    /// copy of it is kept. None where that cannot be now; then [`acquire`](Self::acquire) is the way. Waits as that does.
    ///
    /// It can be where [`is_in_framebuffer`](Self::is_in_framebuffer) says so, unless changes are tracked. Should the window be covered
    /// or moved meanwhile, the frame is dropped, and the program gets an Expose event.
    pub fn acquire_on_screen(&self, width: u16, height: u16) -> Option<OnScreen> {
        self.shared.acquire_on_screen((width, height))
    }

    /// Hands a frame over to be shown in the window's top left corner. Never waits.
    ///
    /// With spoil on it replaces a frame of the window that is queued and not yet sent, so that the newest frame is
    /// always the one that ends up on the screen. `slot` must be from this window.
    pub fn post(&self, slot: Slot) {
        slot.post();
    }

    /// A copy of the newest posted frame, on the screen already or not; None before the first and once the window
    /// is gone.
    pub fn last_frame(&self) -> Option<Image> {
        self.shared.last_frame()
    }

    /// Whether the next frame will be written straight into the server's screen (see [`Server::use_framebuffer`]), as
    /// things stand.
    pub fn is_in_framebuffer(&self) -> bool {
        let framebuffer = self.shared.link.framebuffer.get();
        framebuffer.zip(self.shared.place()).is_some_and(|(framebuffer, place)| framebuffer.is_current(place))
    }

    /// Has `watcher` told of frames that are delivered or dropped, as long as it lives. Told twice of the same one, it is told
    /// once.
    pub fn watch_frames(&self, watcher: Weak<dyn FrameWatcher>) {
        let mut watchers = self.shared.watchers.lock();
        watchers.retain(|known| known.strong_count() > 0 && !Weak::ptr_eq(known, &watcher));
        watchers.push(watcher);
    }

    /// Waits until each posted frame is delivered or given up (window gone, connection lost), or for some seconds: the
    /// program itself may keep the server from serving us, by XGrabServer.
    pub fn finish(&self) {
        self.shared.finish();
    }
}

/// Who is told of a window's frames.
pub trait FrameWatcher: Send + Sync {
    /// Frames were delivered or dropped, or never will be; so many are still on their way. Called in any thread; it may neither wait
    /// nor call the connection but for [`Server::message`].
    fn frames_done(&self, on_their_way: u64);
}

impl Drop for Window {
    fn drop(&mut self) {
        self.server.unwatch(&self.shared);
    }
}

/// A dead handle, for the time between a window's registration and its handle.
pub(crate) fn no_window() -> Weak<Window> {
    Weak::new()
}
