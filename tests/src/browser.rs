//! A headless Chromium, driven by its DevTools protocol: <https://chromedevtools.github.io/devtools-protocol/>.

use std::net::TcpStream;
use std::process::Command;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::program::{Program, deadline};

/// A browser with one page.
pub struct Browser {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    page: Value,
    number: u64,
    _program: Program,
    _profile: TempDir,
}

impl Browser {
    /// Starts the browser and opens a page of 1000x800 pixels.
    pub fn open(address: &str) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        // The wrapper, so that standard error comes as lines on standard output.
        let mut command = Command::new("sh");
        command.args(["-c", "exec chromium \"$@\" 2>&1", "chromium", "--headless=new", "--no-sandbox"]);
        command.args([
            "--disable-gpu",
            "--no-first-run",
            "--window-size=1000,800",
            "--remote-debugging-port=0",
        ]);
        // In containers /dev/shm is small.
        command.arg("--disable-dev-shm-usage");
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let mut program = Program::start(command)?;
        let line = program
            .line_where(|line| line.contains("DevTools listening on "))
            .context("Chromium does not come up; is it installed (apt-get install -y chromium)?")?;
        let endpoint = line.rsplit(' ').next().unwrap_or_default();
        let (socket, _) = tungstenite::connect(endpoint)?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(deadline()))?;
        }
        let mut browser = Self { socket, page: Value::Null, number: 0, _program: program, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": address }))?["targetId"].take();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.page = attached?["sessionId"].take();
        Ok(browser)
    }

    /// The value of a JavaScript expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let told =
            self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }))?;
        Ok(told["result"]["value"].clone())
    }

    /// What the page shows, as a PNG.
    pub fn screenshot(&mut self) -> Result<Vec<u8>> {
        let told = self.call("Page.captureScreenshot", json!({}))?;
        Ok(BASE64_STANDARD.decode(told["data"].as_str().context("no picture")?)?)
    }

    fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.number += 1;
        let mut request = json!({ "id": self.number, "method": method, "params": parameters });
        if !self.page.is_null() {
            request["sessionId"] = self.page.clone();
        }
        self.socket.send(Message::text(request.to_string()))?;
        loop {
            let Message::Text(text) = self.socket.read().with_context(|| method.to_owned())? else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text)?;
            // All else are events.
            if answer["id"] == self.number {
                if !answer["error"].is_null() {
                    bail!("{method}: {}", answer["error"]);
                }
                return Ok(answer["result"].take());
            }
        }
    }
}
