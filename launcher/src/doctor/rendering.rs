//! Each 3D side that there could be draws the test frame, the one that a run would take first.

use super::frame::Frame;
use super::probes::{Answer, Probes};
use super::report::Check;
use super::{Device, lead_to, xvfb};
use crate::Variable;
use crate::failure::Failure;
use crate::xserver::XServer;

/// The frame that counts, and those of other 3D sides. `named` is the option that asks a run for its 3D side, `two` the 2D side where it is
/// ours; `gpu` tells whether nodes of one are here.
pub fn checks(
    named: Option<&str>,
    two: Option<&XServer>,
    gpu: bool,
    probes: &mut Probes,
) -> Result<Vec<Check>, Failure> {
    let mut checks = Vec::new();
    let devices = match probes.ask::<Result<Vec<Device>, String>>("devices", &[])? {
        Ok(Ok(devices)) => devices,
        Ok(Err(why)) | Err(why) => {
            let (evidence, fix) = super::gpu::split(&why);
            checks.push(Check::warning("egl-devices", evidence, fix));
            Vec::new()
        }
    };
    for device in &devices {
        checks.push(started(device));
    }
    let options: Vec<&str> = named.into_iter().collect();
    let named = named.map(|option| option.strip_prefix(super::DISPLAY3D).unwrap_or(option));
    let taken = probes.ask_split::<Frame>(&options, &[], "frame")?;
    let side = taken.as_ref().ok().and_then(|frame| frame.side.clone());
    checks.push(judged("frame", named, &taken));
    if gpu && named.is_none() && probes.said.contains("rendering in software") {
        checks.push(Check::warning(
            "software",
            format!("a GPU is here, but a run renders on the CPU: {}", probes.said),
            "see the warnings above; or name the GPU with -d",
        ));
    }
    for device in
        devices.iter().filter(|device| device.started.is_ok() && side.as_ref() != Some(&device.name))
    {
        let answer = probes.ask_split::<Frame>(&["-d", &device.name], &[], "frame")?;
        checks.push(softened(judged(&format!("frame {}", device.name), Some(&device.name), &answer)));
    }
    if side.as_ref().is_none_or(|side| side.starts_with("egl")) {
        checks.push(softened(on_glx(two, probes)?));
    }
    Ok(checks)
}

fn started(device: &Device) -> Check {
    let name = format!("renderer {}", device.name);
    match &device.started {
        Ok((renderer, version)) => Check::ok(
            &name,
            format!(
                "{renderer}, {version}{}",
                if device.default { "; a run without -d takes it" } else { "" }
            ),
        ),
        Err(error) => Check::warning(
            &name,
            format!("it does not start: {error}"),
            "may this user open its nodes? Are kernel module and libraries of one version? See above",
        ),
    }
}

/// The frame on a GLX back end of our own: a private Xvfb, where Mesa or a vendor's GLX renders.
fn on_glx(two: Option<&XServer>, probes: &mut Probes) -> Result<Check, Failure> {
    const NAME: &str = "frame GLX";
    let three = match xvfb("3D side", "3d", "64x64x24", true, probes.scratch, probes.signals) {
        Ok(three) => three,
        Err(interrupted @ Failure::Interrupted(_)) => return Err(interrupted),
        Err(failure) => {
            let (evidence, fix) = super::gpu::split(&failure.to_string());
            return Ok(Check::warning(NAME, evidence, fix));
        }
    };
    let name = three.server().name.clone();
    let servers: Vec<&XServer> = two.into_iter().chain([&three]).collect();
    let own = |(name, _): &Variable| two.is_some() || name != "DISPLAY";
    let variables: Vec<Variable> = lead_to(&servers, probes.scratch)?.into_iter().filter(own).collect();
    let answer = probes.ask_split::<Frame>(&["-d", &name], &variables, "frame")?;
    Ok(judged(NAME, Some("a private Xvfb"), &answer))
}

/// What became of a frame: a failure, unless all went well.
fn judged(name: &str, side: Option<&str>, answer: &Answer<Frame>) -> Check {
    let side = side.unwrap_or("the 3D side that glxrun chose");
    match answer {
        Ok(Frame { renderer: Some(renderer), side: chosen, problem: None, .. }) => Check::ok(
            name,
            format!(
                "drawn by {renderer} on {}, posted and read back equal",
                if side.starts_with("the ") { chosen.as_deref().unwrap_or(side) } else { side }
            ),
        ),
        Ok(Frame { problem, .. }) => Check::failure(
            name,
            format!("on {side}: {}", problem.as_deref().unwrap_or("the frame told no renderer")),
            "name another 3D side with -d (glxrun --list-devices), or run with --log info for more",
        ),
        Err(why) => {
            let (evidence, fix) = super::gpu::split(why);
            Check::failure(name, format!("on {side}: {evidence}"), fix)
        }
    }
}

/// What would be a failure of the 3D side in use is a warning about another.
fn softened(check: Check) -> Check {
    match check.fix {
        Some(fix) => Check::warning(&check.name, check.evidence, fix),
        None => check,
    }
}
