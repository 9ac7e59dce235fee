//! Programs in a container of their own, which shares nothing with the 2D side's but the X socket.

use std::process::Command;

use glxrun_tests::lockstep::wait_until_same;
use glxrun_tests::{Program, Result, Stage, ensure};

/// What `unshare` is told: IPC (System V segments), network (abstract sockets, MIT-SHM's local check) and processes. Root may do
/// that at once; others need a user namespace.
fn unshared(command: &Command) -> Command {
    let mut unshare = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        unshare.arg("--map-root-user");
    }
    unshare.args(["--ipc", "--net", "--pid", "--fork", "--kill-child", "--"]);
    unshare.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => unshare.env(name, value),
            None => unshare.env_remove(name),
        };
    }
    unshare
}

#[test]
fn shared_memory_needs_only_the_x_socket() -> Result<()> {
    let stage = Stage::start()?;
    let arguments = ["spin", "--size", "321x239", "--frames", "20"];
    let mut split = stage.split(&["--log", "info", "--spoil", "off"], "scene")?;
    split.args(arguments);
    let mut direct = stage.direct("scene")?;
    direct.args(arguments);
    let (mut direct, mut split) = (Program::start(direct)?, Program::start(unshared(&split))?);
    direct.line_where(|line| line == "ready")?;
    split.line_where(|line| line == "ready")?;
    wait_until_same(&stage.reference_screen()?, &stage.two_d_screen()?)?;
    direct.finish()?.success()?;
    let stderr = split.finish()?.success()?.stderr;
    ensure!(stderr.contains("by memfd"), "frames do not travel by a memfd:\n{stderr}");
    Ok(())
}
