//! `--xorg` and `glxrun xorg-conf`: an Xorg without a monitor on a GPU, as the 3D side.
//!
//! Xorg is made for a seat: it wants a configuration, a virtual terminal, input devices and often root. Here it gets a
//! configuration that asks for none of these ([`config`]) for a GPU that this container may use ([`gpus`]); and when it
//! ends, its log becomes a sentence ([`log`]).

mod config;
mod gpus;
mod log;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use glxrun_contract::settings::{Settings, Size};

use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::xserver::{Purpose, XServer};
use crate::{cli, display};
use config::Config;
use gpus::Gpu;

/// The GPU's name that means none.
const DUMMY: &str = "dummy";

/// Print the xorg.conf with which --xorg starts Xorg: a GPU, no monitor, no input devices, no virtual terminal.
#[derive(Parser)]
#[command(name = "glxrun xorg-conf")]
pub struct XorgConf {
    /// The GPU: a number from 0, a PCI address or GPU-UUID; dummy for none. The first one if left out
    gpu: Option<String>,
    /// Size of the screen
    #[arg(long, value_name = "WxH")]
    size: Option<OsString>,
    /// Bits of a pixel
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u8).range(15..=30))]
    depth: u8,
    /// Look for GPUs and drivers below this directory
    #[arg(long, value_name = "DIRECTORY", default_value = "/", hide = true)]
    root: std::path::PathBuf,
}

/// Runs `glxrun xorg-conf`; `words` follow its name.
pub fn print_config(words: Vec<OsString>) -> Result<u8, Failure> {
    let text = match cli::command_line::<XorgConf>(words)? {
        Ok(line) => {
            let flag = |setting: &glxrun_contract::settings::Setting| {
                line.size.clone().filter(|_| setting.env == "GLXRUN_SIZE")
            };
            let settings = Settings::gather(flag, |_| None).map_err(|problem| anyhow!("{problem}"))?;
            let gpu = line.gpu.as_deref();
            text(gpu, settings.size, line.depth, &line.root)?
        }
        Err(help) => help,
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// The configuration for a GPU as the user names it.
fn text(name: Option<&str>, size: Size, depth: u8, root: &Path) -> Result<String> {
    let config = |gpu: Option<&Gpu>| Config { gpu, size, depth, modules: config::modules(root) }.text();
    match name {
        Some(DUMMY) => Ok(config(None)),
        name => {
            let gpus = gpus::all(root);
            let gpu = gpus::choose(&gpus, name.filter(|name| *name != "auto"));
            Ok(config(Some(gpu.map_err(|refusal| anyhow!(refusal))?)))
        }
    }
}

/// Where distributions have the server itself: Debian and Ubuntu, Fedora, Arch. What is on PATH may be a wrapper that asks
/// for root and refuses whoever does not sit at a console.
const SERVERS: [&str; 3] = ["/usr/lib/xorg/Xorg", "/usr/libexec/Xorg", "/usr/lib/Xorg"];

/// Starts Xorg on the GPU that `gpu` names, with a screen of `size` pixels and `depth` bits.
pub fn start(
    gpu: &str,
    size: Size,
    depth: u8,
    scratch: &Scratch,
    signals: &mut Signals,
) -> Result<XServer, Failure> {
    let program = SERVERS.into_iter().find(|path| Path::new(path).exists()).context(
        "Xorg is needed for the 3D side (--xorg), but it is not installed. Install it (apt-get install \
         xserver-xorg-core), or use -d egl, which needs none",
    )?;
    let text = text(Some(gpu), size, depth, Path::new("/"))
        .map_err(|error| anyhow!("cannot start Xorg on a GPU (--xorg): {error:#}"))?;
    let [config, empty, log] = ["xorg.conf", "xorg.conf.d", "xorg.log"].map(|name| scratch.file(name));
    std::fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    std::fs::create_dir(&empty).with_context(|| format!("cannot make {}", empty.display()))?;
    let mut options: Vec<OsString> = vec!["-config".into(), config.into(), "-configdir".into(), empty.into()];
    options.extend(["-logfile".into(), log.clone().into()]);
    // The number of a terminal keeps it from looking for a free one; it is left as it is.
    options.extend(["vt7", "-novtswitch", "-sharevts", "-keeptty"].map(Into::into));
    let purpose = Purpose { side: "3D side", stem: "3d", program, options, glx: true };
    let server = XServer::start(&purpose, scratch, signals).map_err(|failure| match failure {
        Failure::Own(error) => {
            let why = match std::fs::read_to_string(&log) {
                Ok(log) => log::sentence(&log),
                Err(_) => format!("{error:#}"),
            };
            anyhow!("Xorg does not start as the 3D side (--xorg): {why}").into()
        }
        other => other,
    })?;
    let glx = server.server().ask(signals, |_, connection| display::has_glx(&connection))?;
    if !glx.context("cannot open the 3D side's Xorg")? {
        Err(anyhow!(
            "the 3D side's Xorg (--xorg) offers no GLX. Install Mesa's drivers (apt-get install libgl1-mesa-dri), or \
             NVIDIA's GLX module for Xorg (libglxserver_nvidia.so)"
        ))?;
    }
    Ok(server)
}
