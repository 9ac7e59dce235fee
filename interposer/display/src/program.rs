//! The 2D side of a program, connected to as its settings ask.

use std::sync::Arc;

use glxrun_contract::settings::{Settings, Sink};

use crate::server::{Options, Server};

impl Server {
    /// Connects to a display that the program uses, with the transport, sink and recorder that the settings name. None
    /// if that fails, which is told.
    pub fn of_program(display_name: &str, settings: &Settings) -> Option<Arc<Server>> {
        let options =
            Options { transport: settings.transport, spoil: settings.spoil, damage: settings.damage };
        let server = match Server::connect(display_name, options) {
            Ok(server) => server,
            Err(error) => {
                log::error!("cannot open a connection of our own to the 2D side {display_name:?}: {error}");
                return None;
            }
        };
        // The launcher tells of the screen of DISPLAY's Xvfb.
        if settings.sink == Sink::Framebuffer
            && let Some(file) = &settings.framebuffer
            && std::env::var("DISPLAY").as_deref() == Ok(display_name)
            && let Err(why) = server.use_framebuffer(file)
        {
            log::warn!(
                "frames cannot be written straight into the screen of {display_name}, {}: {why}; its X server gets them",
                file.display()
            );
        }
        if let Some(socket) = &settings.tap {
            server.use_tap(socket);
        }
        Some(server)
    }
}
