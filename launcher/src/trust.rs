//! Who could change a file that is preloaded into programs, and programs that nothing can be preloaded into.
//!
//! Whoever can write the library, or a directory on the way to it, has their code run as the user who starts glxrun.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{Metadata, read_to_string};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::process::{getegid, geteuid};

const STICKY: u32 = 0o1000;
const SET_USER_ID: u32 = 0o4000;
const SET_GROUP_ID: u32 = 0o2000;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// Whether only root, this user and those who could change glxrun itself can change the file; `path` is absolute and
/// without symbolic links. The error names what another user can write.
pub fn check(path: &Path) -> Result<()> {
    let trusted = Trusted::new();
    for place in path.ancestors() {
        let meta = place.metadata().with_context(|| format!("cannot look at {}", place.display()))?;
        if let Some(why) = trusted.objection(&meta) {
            bail!(
                "another user can change it: {} {why}. Take that right away, or install glxrun where only root or you can write",
                place.display()
            );
        }
    }
    Ok(())
}

/// Users that may write.
struct Trusted {
    users: HashSet<u32>,
}

impl Trusted {
    fn new() -> Trusted {
        let mut users = HashSet::from([0, geteuid().as_raw()]);
        // Who owns glxrun, or a directory that it is in, has their code run by this user anyway.
        if let Ok(glxrun) = std::env::current_exe().and_then(|file| file.canonicalize()) {
            users.extend(glxrun.ancestors().filter_map(|place| place.metadata().ok()).map(|meta| meta.uid()));
        }
        // In a user namespace this stands for all users outside of it, root among them.
        let outside = read_to_string("/proc/sys/kernel/overflowuid").unwrap_or_default();
        users.extend(outside.trim().parse::<u32>().ok().filter(|_| maps_some_users_only()));
        Trusted { users }
    }

    fn objection(&self, meta: &Metadata) -> Option<String> {
        let mode = meta.permissions().mode();
        if !self.users.contains(&meta.uid()) {
            return Some(format!("belongs to user {}", meta.uid()));
        }
        // In a sticky directory only owners can replace what is there.
        if meta.is_dir() && mode & STICKY != 0 {
            return None;
        }
        if mode & OTHERS_WRITE != 0 {
            return Some("is writable by everybody".to_owned());
        }
        (mode & GROUP_WRITES != 0 && !self.consists_of_trusted(meta.gid()))
            .then(|| format!("is writable by group {}", meta.gid()))
    }

    /// Whether nobody else is in a group, as in root's, in the one that Debian makes for each user, and in the staff group that
    /// older systems let write to /usr/local. A group that this machine does not list may have anybody in it.
    fn consists_of_trusted(&self, group: u32) -> bool {
        let groups = read_to_string("/etc/group").unwrap_or_default();
        let users = read_to_string("/etc/passwd").unwrap_or_default();
        let passwd: Vec<(&str, u32, u32)> = users.lines().filter_map(user).collect();
        let others = passwd.iter().filter(|(_, id, _)| !self.users.contains(id));
        let (mut listed, mut members) = (group == 0, HashSet::new());
        for line in groups.lines() {
            let fields: Vec<_> = line.split(':').collect();
            if let [_, _, id, names] = fields[..]
                && id.parse() == Ok(group)
            {
                listed = true;
                members.extend(names.split(',').filter(|name| !name.is_empty()));
            }
        }
        let trusts =
            |name: &&str| passwd.iter().any(|(known, id, _)| known == name && self.users.contains(id));
        listed && members.iter().all(trusts) && others.into_iter().all(|(.., primary)| *primary != group)
    }
}

fn maps_some_users_only() -> bool {
    const ALL: [&str; 3] = ["0", "0", "4294967295"];
    read_to_string("/proc/self/uid_map").is_ok_and(|map| !map.split_whitespace().eq(ALL))
}

/// Name, number and first group of a line of passwd(5).
fn user(line: &str) -> Option<(&str, u32, u32)> {
    let fields: Vec<_> = line.split(':').collect();
    let [name, _, id, group, ..] = fields[..] else { return None };
    Some((name, id.parse().ok()?, group.parse().ok()?))
}

/// Why ld.so ignores LD_PRELOAD for this program (ld.so(8), secure-execution mode); None if it does not.
pub fn drops_preload(program: &Path) -> Option<&'static str> {
    let meta = program.metadata().ok()?;
    let mode = meta.permissions().mode();
    let root = geteuid().is_root();
    if no_new_privileges() {
        return None;
    }
    if mode & SET_USER_ID != 0 && meta.uid() != geteuid().as_raw() {
        return Some("runs as its owner (set-user-ID)");
    }
    if mode & SET_GROUP_ID != 0 && meta.gid() != getegid().as_raw() {
        return Some("runs as its group (set-group-ID)");
    }
    (!root && has_capabilities(program)).then_some("has file capabilities")
}

/// Whether set-user-ID and its kin do nothing here (prctl(2), PR_SET_NO_NEW_PRIVS), as in many containers.
fn no_new_privileges() -> bool {
    read_to_string("/proc/self/status").is_ok_and(|status| {
        status.lines().any(|line| line.strip_prefix("NoNewPrivs:").is_some_and(|value| value.trim() == "1"))
    })
}

fn has_capabilities(program: &Path) -> bool {
    let Ok(path) = CString::new(program.as_os_str().as_bytes()) else { return false };
    rustix::fs::getxattr(path.as_c_str(), c"security.capability", &mut [0u8; 64]).is_ok()
}
