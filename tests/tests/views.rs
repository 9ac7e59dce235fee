//! `--view`: what people see and do by a VNC viewer and by a browser, and who is kept out.

use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use glxrun_tests::browser::Browser;
use glxrun_tests::program::deadline;
use glxrun_tests::rfb::{ESCAPE, Login, Viewer};
use glxrun_tests::stage::glxrun;
use glxrun_tests::{Context, Program, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

/// glxrun that starts both of its sides, with its files in a directory of the test's.
fn alone(directory: &TempDir) -> Result<Command> {
    let mut command = glxrun()?;
    for (variable, name) in [("TMPDIR", "tmp"), ("HOME", "home")] {
        let folder = directory.path().join(name);
        std::fs::create_dir_all(&folder)?;
        command.env(variable, folder);
    }
    command.env_remove("XDG_RUNTIME_DIR");
    command.args(["-d", "egl:software", "--session", "none", "--size", "640x480"]);
    Ok(command)
}

/// Where it can be looked at, and the password that glxrun tells.
struct Told {
    scheme: String,
    address: SocketAddr,
    password: String,
}

impl Told {
    fn by(program: &Program) -> Result<Self> {
        let start = Instant::now();
        loop {
            let told = program.stderr();
            if let Some(line) = told.lines().find(|line| line.starts_with("glxrun: view: ")) {
                let mut words = line.split_whitespace().skip(2);
                let (scheme, rest) =
                    words.next().and_then(|word| word.split_once("://")).context("an address")?;
                let address = rest.trim_end_matches('/').parse()?;
                let password = words.nth(1).unwrap_or_default().to_owned();
                return Ok(Self { scheme: scheme.to_owned(), address, password });
            }
            ensure!(start.elapsed() < deadline() && program.is_running()?, "no view: {}", program.report());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Tries something until it holds.
fn until(what: &str, mut is: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is()? {
        ensure!(start.elapsed() < deadline(), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Whether many pixels have about the colour of glxgears' red gear.
fn is_red(pixel: u32) -> bool {
    let [_, red, green, blue] = pixel.to_be_bytes();
    red > 90 && green < red / 3 && blue < red / 3
}

/// A VNC viewer sees glxgears turn, and ends it by a key.
fn gears_by_vnc(command: Command) -> Result<()> {
    let mut command = command;
    command.args(["--view", "vnc", "glxgears"]);
    let program = Program::start(command)?;
    let told = Told::by(&program)?;
    ensure!(told.scheme == "vnc" && told.password.len() == 8, "{}", program.report());
    let mut viewer = Viewer::connect(told.address, Login::Password(&told.password))?;
    ensure!(viewer.size == (640, 480), "{:?}", viewer.size);
    let mut first = Vec::new();
    until("gears are seen", || {
        first = viewer.screen()?;
        Ok(first.iter().filter(|pixel| is_red(**pixel)).count() > 1000)
    })?;
    until("the gears turn", || Ok(viewer.screen()? != first))?;

    // Without a window manager keys go to the window below the pointer.
    let red = first.iter().position(|pixel| is_red(*pixel)).context("a red pixel")? + 5;
    viewer.point((red % 640) as u16, (red / 640) as u16)?;
    viewer.press(ESCAPE)?;
    let ended = program.wait()?;
    ensure!(ended.status.code() == Some(0), "{ended:?}");
    Ok(())
}

#[test]
fn a_vnc_viewer_sees_gears_and_types_to_them() -> Result<()> {
    let directory = tempfile::tempdir()?;
    gears_by_vnc(alone(&directory)?)?;
    ensure!(directory.path().join("tmp").read_dir()?.next().is_none(), "files are left");
    Ok(())
}

/// A folder with links to the programs that are named, to be the only ones.
fn only_these(directory: &TempDir, programs: &[&str]) -> Result<std::path::PathBuf> {
    let bin = directory.path().join("bin");
    std::fs::create_dir(&bin)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    for name in programs {
        let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists());
        let found = found.with_context(|| format!("{name} is not installed; see tests/deps.sh"))?;
        std::os::unix::fs::symlink(found, bin.join(name))?;
    }
    Ok(bin)
}

#[test]
fn without_xvnc_x11vnc_shows_an_xvfb() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let programs = ["Xvfb", "x11vnc", "glxgears", "sh"];
    for (name, options) in [("plain", &[][..]), ("framebuffer", &["--sink", "framebuffer"])] {
        let directory = TempDir::with_prefix_in(name, directory.path())?;
        let mut command = alone(&directory)?;
        command.env("PATH", only_these(&directory, &programs)?).args(options);
        gears_by_vnc(command)?;
    }
    Ok(())
}

/// This machine's addresses that are not 127.0.0.1.
fn other_addresses() -> Result<Vec<IpAddr>> {
    let mut addresses = vec![IpAddr::from([127, 0, 0, 2])];
    // Nothing is sent: a route is looked up, and it tells which address is ours, if there is a network at all.
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    if socket.connect("192.0.2.1:9").is_ok() {
        addresses.push(socket.local_addr()?.ip());
    }
    Ok(addresses)
}

#[test]
fn nobody_gets_in_without_the_password_or_from_elsewhere() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for programs in [None, Some(["Xvfb", "x11vnc", "sleep"])] {
        let directory = TempDir::new_in(&directory)?;
        let mut command = alone(&directory)?;
        if let Some(programs) = programs {
            command.env("PATH", only_these(&directory, &programs)?);
        }
        command.args(["--view", "vnc", "sleep", "600"]);
        let program = Program::start(command)?;
        let told = Told::by(&program)?;
        for login in [Login::Nothing, Login::Password(""), Login::Password("wrong")] {
            let refused = Viewer::connect(told.address, login);
            ensure!(refused.is_err(), "{login:?} is let in");
        }
        Viewer::connect(told.address, Login::Password(&told.password))?;
        for address in other_addresses()? {
            let elsewhere = TcpStream::connect((address, told.address.port()));
            ensure!(elsewhere.is_err(), "{address} is let in");
        }
        program.signal(Signal::TERM)?;
        program.wait()?;
    }
    Ok(())
}

#[test]
fn the_view_is_where_it_is_asked_to_be() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut command = alone(&directory)?;
    // A port that is free at the moment.
    let port = std::net::TcpListener::bind("127.0.0.2:0")?.local_addr()?.port();
    command.args(["--view", "vnc", "--listen", "127.0.0.2", "--vnc-port", &port.to_string(), "sleep", "600"]);
    let program = Program::start(command)?;
    let told = Told::by(&program)?;
    ensure!(told.address == SocketAddr::from(([127, 0, 0, 2], port)), "{}", told.address);
    Viewer::connect(told.address, Login::Password(&told.password))?;
    ensure!(TcpStream::connect(("127.0.0.1", port)).is_err());

    let mut second = alone(&directory)?;
    second.args(["--view", "vnc", "--listen", "127.0.0.2", "--vnc-port", &port.to_string(), "true"]);
    let refused = Program::run(second)?;
    ensure!(refused.status.code() == Some(125) && refused.stderr.contains("is taken"), "{refused:?}");
    Ok(())
}

#[test]
fn the_password_is_in_no_command_line_and_in_no_file_of_others() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("password");
    std::fs::write(&file, "Sesame-1234\n")?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    for view in ["vnc", "web"] {
        let scratch = TempDir::new_in(&directory)?;
        let mut command = alone(&scratch)?;
        command.args(["--view", view, "--password-file"]).arg(&file).args(["sleep", "600"]);
        let program = Program::start(command)?;
        let told = Told::by(&program)?;
        ensure!(told.password.is_empty() && !program.stderr().contains("Sesame"), "{}", program.stderr());
        ensure!(program.stderr().contains("first 8 bytes"), "{}", program.stderr());
        if view == "vnc" {
            // What comes behind the first 8 bytes counts for nothing.
            Viewer::connect(told.address, Login::Password("Sesame-1"))?;
        }
        for process in std::fs::read_dir("/proc")? {
            for what in ["cmdline", "environ"] {
                let text =
                    std::fs::read(process.as_ref().map_or("".into(), |process| process.path()).join(what));
                let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
                ensure!(!text.contains("Sesame-1"), "{what}: {text}");
            }
        }
        // Below a directory that is ours alone.
        let own = scratch.path().join("tmp").read_dir()?.next().context("a directory of the run")??.path();
        ensure!(own.metadata()?.permissions().mode() & 0o777 == 0o700, "{own:?}");
        let secret = own.join("vnc-password");
        ensure!(secret.metadata()?.permissions().mode() & 0o777 == 0o600, "{secret:?}");
        program.signal(Signal::TERM)?;
        program.wait()?;
    }
    Ok(())
}

#[test]
fn a_browser_logs_in_and_sees_gears_turn() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut command = alone(&directory)?;
    command.args(["--view", "web", "glxgears"]);
    let program = Program::start(command)?;
    let told = Told::by(&program)?;
    ensure!(told.scheme == "http", "{}", program.report());
    for address in other_addresses()? {
        ensure!(TcpStream::connect((address, told.address.port())).is_err(), "{address} is let in");
    }

    let mut browser = Browser::open(&format!("http://{}/", told.address))?;
    log_in(&mut browser, "wrong")?;
    until("the wrong password is refused", || {
        let status = browser.evaluate("document.getElementById('noVNC_status')?.textContent ?? ''")?;
        Ok(status.as_str().is_some_and(|text| text.to_lowercase().contains("auth")))
    })?;
    ensure!(browser.evaluate(CONNECTED)? != true, "a wrong password is let in");

    let mut browser = Browser::open(&format!("http://{}/", told.address))?;
    log_in(&mut browser, &told.password)?;
    until("the browser is connected", || Ok(browser.evaluate(CONNECTED)? == true))?;
    let mut first = Vec::new();
    until("gears are seen", || {
        first = browser.screenshot()?;
        Ok(gears(&first)?.iter().filter(|pixel| is_red(**pixel)).count() > 1000)
    })?;
    let before = gears(&first)?;
    until("the gears turn", || {
        let after = gears(&browser.screenshot()?)?;
        Ok(after != before && after.iter().filter(|pixel| is_red(**pixel)).count() > 1000)
    })?;
    if let Some(keep) = std::env::var_os("GLXRUN_TEST_KEEP") {
        std::fs::write(std::path::Path::new(&keep).join("browser.png"), &first)?;
    }
    program.signal(Signal::TERM)?;
    program.wait()?;
    Ok(())
}

const CONNECTED: &str = "document.documentElement.classList.contains('noVNC_connected')";

/// Fills in noVNC's password form once it is there.
fn log_in(browser: &mut Browser, password: &str) -> Result<()> {
    let fill = format!(
        "(() => {{
            const form = document.getElementById('noVNC_credentials_dlg');
            if (!form?.classList.contains('noVNC_open')) return false;
            document.getElementById('noVNC_password_input').value = '{password}';
            form.querySelector('input[type=submit]').click();
            return true;
        }})()"
    );
    until("noVNC asks for the password", || Ok(browser.evaluate(&fill)? == true))
}

/// What a picture of the browser shows where the gears are, and nothing of noVNC's own that comes and goes.
fn gears(png: &[u8]) -> Result<Vec<u32>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().context("a size")?];
    let info = reader.next_frame(&mut bytes)?;
    let rows = bytes.chunks(info.line_size).take(450).skip(100);
    let pixels = rows.flat_map(|row| row.chunks(info.color_type.samples()).take(400).skip(70));
    Ok(pixels.map(|pixel| u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]])).collect())
}
