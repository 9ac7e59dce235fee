//! `--view`: how people look at a 2D side that we start, and type into it.
//!
//! The VNC server is Xvnc itself, or x11vnc beside an Xvfb. With `web` it listens on a socket in the run's private
//! directory only, and websockify, which also serves noVNC's page, is the way to it.

mod password;
pub mod wm;

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use glxrun_contract::settings::{self, Settings, Sink};

use crate::child::Child;
use crate::failure::Failure;
use crate::helper::Helper;
use crate::scratch::Scratch;
use crate::signals::Signals;
use crate::{Variable, program, say};
use password::Password;

/// Where the packages of noVNC put its pages.
const NOVNC: [&str; 3] = ["/usr/share/novnc", "/usr/share/webapps/novnc", "/usr/local/share/novnc"];
/// The ports to choose from, and how many of them are tried.
const VNC_PORT: u16 = 5900;
const WEB_PORT: u16 = 6080;
const PORTS: u16 = 1000;
/// How long x11vnc may take to come up.
const START: Duration = Duration::from_secs(15);

/// The program that serves VNC.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Xvnc,
    X11vnc,
}

/// Where it listens.
#[derive(Clone)]
enum Place {
    Socket(PathBuf),
    Port(SocketAddr),
}

/// What is settled before the X server is started.
pub struct Plan {
    program: Program,
    place: Place,
    secret: PathBuf,
    /// To be told: nobody else knows it.
    random: Option<Password>,
    web: Option<Rc<Web>>,
}

/// What websockify is given.
struct Web {
    listener: TcpListener,
    pages: PathBuf,
}

impl Plan {
    /// None without a view.
    pub fn new(settings: &Settings, scratch: &Scratch) -> Result<Option<Plan>> {
        let is_web = match settings.view {
            settings::View::None => return Ok(None),
            settings::View::Vnc => false,
            settings::View::Web => true,
        };
        // Only an Xvfb keeps its screen in a file.
        let program = if settings.sink != Sink::Framebuffer && program::is_installed("Xvnc") {
            Program::Xvnc
        } else if program::is_installed("x11vnc") {
            Program::X11vnc
        } else {
            bail!(
                "--view needs a VNC server: Xvnc or x11vnc, of which neither is installed. Install one \
                 (apt-get install {})",
                if settings.sink == Sink::Framebuffer { "x11vnc" } else { "tigervnc-standalone-server" }
            );
        };
        let web = if is_web { Some(Rc::new(Web::new(settings, scratch)?)) } else { None };
        let place = match &web {
            Some(_) => Place::Socket(scratch.file("vnc")),
            None => Place::Port(free_port(settings)?),
        };
        let (password, random) = match &settings.password_file {
            Some(file) => (Password::read(file)?, None),
            None => {
                let password = Password::random()?;
                (password.clone(), Some(password))
            }
        };
        let secret = scratch.file("vnc-password");
        password.save(&secret)?;
        Ok(Some(Plan { program, place, secret, random, web }))
    }

    /// After a failure: whether there is another port to try, because another program has taken the one that was free.
    pub fn retries(&mut self, failure: &Failure, settings: &Settings) -> Result<bool> {
        let Place::Port(address) = &mut self.place else { return Ok(false) };
        let words = format!("{failure}").to_lowercase();
        // Xvnc's words, and x11vnc's. A port may be free for us, but not for a server that does not reuse addresses.
        let taken = words.contains("in use") || words.contains("listening port");
        if settings.vnc_port != 0 || !taken {
            return Ok(false);
        }
        let next = address.port().saturating_add(1);
        *address = listen(settings.listen, 0, next, "--vnc-port")?.local_addr()?;
        Ok(true)
    }

    /// Xvnc's options; None if the X server is an Xvfb.
    pub fn xvnc(&self) -> Option<Vec<OsString>> {
        if self.program != Program::Xvnc {
            return None;
        }
        let mut options: Vec<OsString> = match &self.place {
            Place::Socket(path) => [
                "-rfbport=-1".into(),
                "-rfbunixpath".into(),
                path.into(),
                "-rfbunixmode".into(),
                "0600".into(),
            ]
            .to_vec(),
            Place::Port(address) => [
                "-rfbport".into(),
                address.port().to_string().into(),
                "-interface".into(),
                interface(address.ip()),
            ]
            .to_vec(),
        };
        // noVNC knows no TLS, and its way to the server is private.
        let security = if self.web.is_some() { "VncAuth" } else { "TLSVnc,VncAuth" };
        options.extend([
            "-SecurityTypes".into(),
            security.into(),
            "-PasswordFile".into(),
            (&self.secret).into(),
        ]);
        options.extend(["-AlwaysShared", "-desktop", "glxrun"].map(OsString::from));
        Some(options)
    }

    /// Starts what else there is to start. `variables` lead to the X server.
    pub fn start(
        &self,
        variables: Vec<Variable>,
        scratch: &Scratch,
        signals: &mut Signals,
    ) -> Result<View, Failure> {
        let mut helpers = Vec::new();
        if self.program == Program::X11vnc {
            let flag = scratch.file("x11vnc-ready");
            let options = x11vnc(&self.place, &self.secret, &flag);
            // It writes its flag for a TCP port only.
            let ready = if let Place::Socket(socket) = &self.place { socket.clone() } else { flag };
            let recipe = move || {
                let mut command = Command::new("x11vnc");
                command.args(&options).envs(variables.clone()).stdin(Stdio::null());
                Ok(command)
            };
            let mut helper = Helper::start("x11vnc".to_owned(), scratch.file("x11vnc.log"), recipe)?;
            wait_for(&ready, helper.child(), signals)?;
            helpers.push(helper);
        }
        let address = match (&self.web, &self.place) {
            (Some(web), Place::Socket(socket)) => {
                let address = web.listener.local_addr().context("cannot tell the port of the view")?;
                let (web, socket) = (web.clone(), socket.clone());
                let recipe = move || web.command(&socket);
                helpers.push(Helper::start("websockify".to_owned(), scratch.file("websockify.log"), recipe)?);
                format!("http://{}/", reachable(address))
            }
            (_, Place::Port(address)) => format!("vnc://{}", reachable(*address)),
            (None, Place::Socket(_)) => return Err(anyhow!("a VNC server without a way to it").into()),
        };
        let view = View { helpers, address };
        match &self.random {
            Some(password) => say!("view: {}  password: {}", view.address, password.text()),
            None => say!("view: {}", view.address),
        }
        Ok(view)
    }
}

/// What makes a 2D side visible, beside its X server.
pub struct View {
    /// Those that we started; the later ones need the earlier ones.
    pub helpers: Vec<Helper>,
    /// What to open.
    pub address: String,
}

impl Web {
    fn new(settings: &Settings, scratch: &Scratch) -> Result<Web> {
        let novnc = NOVNC.iter().map(Path::new).find(|dir| dir.join("vnc.html").exists());
        let novnc = novnc.filter(|_| program::is_installed("websockify"));
        let novnc = novnc.context(
            "--view web needs noVNC and websockify, which are not installed. Install them (apt-get install novnc \
             websockify)",
        )?;
        let pages = scratch.file("web");
        make_pages(&pages, novnc).with_context(|| format!("cannot make the pages in {}", pages.display()))?;
        let listener = listen(settings.listen, settings.web_port, WEB_PORT, "--web-port")?;
        Ok(Web { listener, pages })
    }

    fn command(&self, socket: &Path) -> io::Result<Command> {
        let mut command = Command::new("websockify");
        let mut target = OsString::from("--unix-target=");
        target.push(socket);
        let mut pages = OsString::from("--web=");
        pages.push(&self.pages);
        // It is given the listening socket, so that no other program can take the port.
        command.args([target, pages]).arg("--inetd");
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(self.listener.try_clone()?)));
        Ok(command)
    }
}

/// noVNC's files, with a first page that leads to it.
fn make_pages(pages: &Path, novnc: &Path) -> io::Result<()> {
    std::fs::create_dir(pages)?;
    for entry in std::fs::read_dir(novnc)? {
        let entry = entry?;
        if entry.file_name() != "index.html" {
            symlink(entry.path(), pages.join(entry.file_name()))?;
        }
    }
    std::fs::write(pages.join("index.html"), PAGE)
}

/// The browser scales the screen into its window, which keeps the size that programs were started with.
const PAGE: &str = "<!DOCTYPE html><title>glxrun</title>\
    <meta http-equiv=\"refresh\" content=\"0; url=vnc.html?autoconnect=true&amp;reconnect=true&amp;resize=scale\">\n";

fn x11vnc(place: &Place, secret: &Path, ready: &Path) -> Vec<OsString> {
    let mut options: Vec<OsString> = match place {
        Place::Socket(path) => {
            let ports = ["-rfbport", "0", "-rfbportv6", "-1", "-no6", "-noipv6"].map(OsString::from);
            [OsString::from("-unixsock"), path.into()].into_iter().chain(ports).collect()
        }
        Place::Port(address) => {
            let (port, ip) = (address.port().to_string(), interface(address.ip()));
            match address.ip() {
                IpAddr::V4(_) => {
                    let port = ["-rfbport", &port, "-rfbportv6", "-1", "-no6", "-noipv6"].map(OsString::from);
                    ["-listen".into(), ip].into_iter().chain(port).collect()
                }
                IpAddr::V6(_) => {
                    let port = ["-rfbport", "0", "-rfbportv6", &port].map(OsString::from);
                    ["-listenv6".into(), ip].into_iter().chain(port).collect()
                }
            }
        }
    };
    options.extend(["-rfbauth".into(), secret.into(), "-flag".into(), ready.into()]);
    // No settings of the user's own, which might open what is to be closed.
    options.extend(
        ["-forever", "-shared", "-norc", "-noxrecord", "-quiet", "-desktop", "glxrun"].map(Into::into),
    );
    options
}

/// Waits until x11vnc has made the file.
fn wait_for(ready: &Path, x11vnc: &mut Child, signals: &mut Signals) -> Result<(), Failure> {
    let deadline = Instant::now() + START;
    while !ready.exists() {
        if x11vnc.wait_until(Instant::now()).is_some() || Instant::now() >= deadline {
            return Err(anyhow!("x11vnc did not come up{}", x11vnc.last_words()).into());
        }
        signals.pause(Duration::from_millis(10))?;
    }
    Ok(())
}

/// An address that is free at the moment. VNC servers cannot be given a socket that listens.
fn free_port(settings: &Settings) -> Result<SocketAddr> {
    Ok(listen(settings.listen, settings.vnc_port, VNC_PORT, "--vnc-port")?.local_addr()?)
}

/// Listens at `port`, or if that is 0 at the first free one from `first` on.
fn listen(address: IpAddr, port: u16, first: u16, option: &str) -> Result<TcpListener> {
    let ports = if port == 0 { first..=first.saturating_add(PORTS - 1) } else { port..=port };
    for candidate in ports {
        match TcpListener::bind((address, candidate)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot listen on {address} (--listen), port {candidate}"));
            }
        }
    }
    ensure!(port == 0, "port {port} ({option}) of {address} is taken; 0 chooses a free one");
    bail!("no port of {address} from {first} on is free")
}

/// An address as the VNC servers' options take it.
fn interface(address: IpAddr) -> OsString {
    address.to_string().into()
}

/// An address to connect to from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
