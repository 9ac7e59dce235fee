//! The server's extensions, and codes that none of them uses.

use std::collections::HashMap;

use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::ConnectionExt as _;

use crate::error::Error;
use crate::server::Server;

/// Numbers that the server gave an extension (QueryExtension).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionCodes {
    /// Major opcode of its requests.
    pub major_opcode: u8,
    /// Code of its first event; 0 if it has none.
    pub first_event: u8,
    /// Code of its first error; 0 if it has none.
    pub first_error: u8,
}

/// Extensions that were asked for.
pub(crate) type Known = HashMap<String, Option<ExtensionCodes>>;

/// Events and errors that [`Server::extensions_end`] leaves room for: as many as any extension has (GLX).
const EVENTS: u8 = 17;
const ERRORS: u8 = 14;

impl Server {
    /// The codes of an extension; None if the server does not have it, or is lost. Asks once per name.
    pub fn extension(&self, name: &str) -> Option<ExtensionCodes> {
        if self.link().is_abandoned() {
            return None;
        }
        if let Some(known) = self.extensions().lock().get(name) {
            return *known;
        }
        let codes = self.query_extensions(&[name.as_bytes()]).ok()?.pop()?;
        self.extensions().lock().insert(name.to_owned(), codes);
        codes
    }

    /// Codes above all those that the server's extensions use, for an extension that it does not have: a free major
    /// opcode, and the first of 17 event codes and of 14 error codes.
    ///
    /// Servers number their extensions upwards from 128, 64 and 128; these are the last ones of each range.
    pub fn extensions_end(&self) -> ExtensionCodes {
        let used: Vec<u8> =
            self.all_extensions().unwrap_or_default().iter().map(|codes| codes.major_opcode).collect();
        let major_opcode = (128..=255).rev().find(|opcode| !used.contains(opcode)).unwrap_or(255);
        ExtensionCodes {
            major_opcode,
            first_event: 128 - EVENTS,
            first_error: (256 - u16::from(ERRORS)) as u8,
        }
    }

    fn all_extensions(&self) -> Result<Vec<ExtensionCodes>, Error> {
        let link = self.link();
        link.alive()?;
        let list =
            link.connection.list_extensions().map_err(ReplyError::from).and_then(|cookie| cookie.reply());
        let list = self.settle(list)?;
        let names: Vec<&[u8]> = list.names.iter().map(|name| name.name.as_slice()).collect();
        Ok(self.query_extensions(&names)?.into_iter().flatten().collect())
    }

    fn query_extensions(&self, names: &[&[u8]]) -> Result<Vec<Option<ExtensionCodes>>, Error> {
        let link = self.link();
        link.alive()?;
        let replies = names
            .iter()
            .map(|name| link.connection.query_extension(name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(ReplyError::from)
            .and_then(|cookies| {
                cookies.into_iter().map(|cookie| cookie.reply()).collect::<Result<Vec<_>, _>>()
            });
        let codes = |reply: &x11rb::protocol::xproto::QueryExtensionReply| {
            reply.present.then_some(ExtensionCodes {
                major_opcode: reply.major_opcode,
                first_event: reply.first_event,
                first_error: reply.first_error,
            })
        };
        Ok(self.settle(replies)?.iter().map(codes).collect())
    }
}
