//! xorg.conf for a server that nobody looks at: one GPU, a screen without a monitor, no input, no virtual terminal.

use std::path::{Path, PathBuf};

use glxrun_contract::settings::Size;

use super::gpus::{Driver, Gpu};

/// What the server is to drive.
pub struct Config<'a> {
    /// The GPU; None for the dummy driver.
    pub gpu: Option<&'a Gpu>,
    /// Its screen, pixels.
    pub size: Size,
    /// Bits of a pixel: 16, 24 or 30.
    pub depth: u8,
    /// Where NVIDIA's module for Xorg is, beside the usual places.
    pub modules: Option<PathBuf>,
}

/// Where distributions put NVIDIA's module for Xorg when it is not among Xorg's own: Debian and Ubuntu, Fedora.
const MODULES: [&str; 4] = [
    "usr/lib/x86_64-linux-gnu/nvidia/xorg",
    "usr/lib/aarch64-linux-gnu/nvidia/xorg",
    "usr/lib/nvidia/xorg",
    "usr/lib64/nvidia/xorg",
];

/// The directory with NVIDIA's module, where it is an extra one.
pub fn modules(root: &Path) -> Option<PathBuf> {
    let found = MODULES.iter().find(|directory| root.join(directory).join("nvidia_drv.so").exists());
    found.map(|directory| Path::new("/").join(directory))
}

/// Bytes that the dummy driver sets aside for its screen.
fn video_memory(size: Size) -> u64 {
    u64::from(size.width) * u64::from(size.height) * 4
}

impl Config<'_> {
    /// The text of the file.
    pub fn text(&self) -> String {
        let driver = self.gpu.map_or(Driver::Dummy, |gpu| gpu.driver);
        let mut device = format!("    Driver     \"{}\"\n", driver.name());
        if let Some(gpu) = self.gpu {
            device += &format!("    # The PCI address {}, in decimal\n", gpu.address);
            device += &format!("    BusID      \"{}\"\n", gpu.address.bus_id());
        }
        match driver {
            Driver::Nvidia => {
                device += "    # Start although no monitor is found\n    \
                           Option     \"AllowEmptyInitialConfiguration\" \"true\"\n    \
                           Option     \"ProbeAllGpus\" \"false\"\n";
            }
            Driver::Modesetting => device += "    Option     \"AccelMethod\" \"glamor\"\n",
            Driver::Dummy => {
                device += &format!("    VideoRam   {}\n", video_memory(self.size).div_ceil(1024));
            }
        }
        let files = match &self.modules {
            Some(modules) if driver == Driver::Nvidia => format!(
                "Section \"Files\"\n    ModulePath \"{}\"\n    ModulePath \"/usr/lib/xorg/modules\"\nEndSection\n\n",
                modules.display()
            ),
            _ => String::new(),
        };
        let Size { width, height } = self.size;
        let depth = self.depth;
        format!(
            "# Made by glxrun xorg-conf.

{files}Section \"ServerFlags\"
    # Only the GPU below; no keyboards and mice; leave virtual terminals alone
    Option     \"AutoAddGPU\" \"false\"
    Option     \"AutoBindGPU\" \"false\"
    Option     \"AutoAddDevices\" \"false\"
    Option     \"AutoEnableDevices\" \"false\"
    Option     \"DontVTSwitch\" \"true\"
    Option     \"BlankTime\" \"0\"
    Option     \"StandbyTime\" \"0\"
    Option     \"SuspendTime\" \"0\"
    Option     \"OffTime\" \"0\"
EndSection

Section \"Device\"
    Identifier \"gpu\"
{device}EndSection

Section \"Monitor\"
    Identifier \"none\"
    HorizSync  5.0 - 1000.0
    VertRefresh 5.0 - 200.0
EndSection

Section \"Screen\"
    Identifier \"screen\"
    Device     \"gpu\"
    Monitor    \"none\"
    DefaultDepth {depth}
    SubSection \"Display\"
        Depth   {depth}
        Virtual {width} {height}
    EndSubSection
EndSection

Section \"ServerLayout\"
    Identifier \"glxrun\"
    Screen     \"screen\"
EndSection
"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xorg::gpus::PciAddress;

    const SIZE: Size = Size { width: 1920, height: 1080 };

    fn gpu(driver: Driver) -> Gpu {
        let address = PciAddress::parse("0001:0a:00.0").expect("an address");
        Gpu { address, driver, uuid: None, here: true, split: false }
    }

    #[test]
    fn an_nvidia_gpu_without_a_monitor() {
        let gpu = gpu(Driver::Nvidia);
        let modules = Some("/usr/lib/x86_64-linux-gnu/nvidia/xorg".into());
        let text = Config { gpu: Some(&gpu), size: SIZE, depth: 24, modules }.text();
        for line in [
            "    Driver     \"nvidia\"\n",
            "    BusID      \"PCI:10@1:0:0\"\n",
            "    Option     \"AllowEmptyInitialConfiguration\" \"true\"\n",
            "    Option     \"AutoAddGPU\" \"false\"\n",
            "    Option     \"AutoAddDevices\" \"false\"\n",
            "    Option     \"DontVTSwitch\" \"true\"\n",
            "        Virtual 1920 1080\n",
            "    DefaultDepth 24\n",
            "    ModulePath \"/usr/lib/x86_64-linux-gnu/nvidia/xorg\"\n    ModulePath \"/usr/lib/xorg/modules\"\n",
        ] {
            assert!(text.contains(line), "no {line:?} in\n{text}");
        }
    }

    #[test]
    fn other_gpus_and_none() {
        let gpu = gpu(Driver::Modesetting);
        let text = Config { gpu: Some(&gpu), size: SIZE, depth: 30, modules: Some("/x".into()) }.text();
        assert!(text.contains("\"modesetting\"") && text.contains("PCI:10@1:0:0"), "{text}");
        assert!(!text.contains("ModulePath") && !text.contains("AllowEmpty"), "{text}");
        assert!(text.contains("DefaultDepth 30") && text.contains("Depth   30"), "{text}");
        let text = Config { gpu: None, size: SIZE, depth: 24, modules: None }.text();
        assert!(
            text.contains("\"dummy\"") && text.contains("VideoRam   8100\n") && !text.contains("BusID"),
            "{text}"
        );
    }

    #[test]
    fn sections_are_closed() {
        let text = Config { gpu: None, size: SIZE, depth: 24, modules: None }.text();
        let count = |word: &str| text.lines().filter(|line| line.trim_start().starts_with(word)).count();
        assert_eq!(count("Section "), count("EndSection"));
        assert_eq!(count("SubSection "), count("EndSubSection"));
    }

    #[test]
    fn nvidia_s_module_is_found_where_distributions_put_it() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(modules(root.path()), None);
        let directory = root.path().join("usr/lib/x86_64-linux-gnu/nvidia/xorg");
        std::fs::create_dir_all(&directory).expect("folders");
        std::fs::write(directory.join("nvidia_drv.so"), "").expect("a file");
        assert_eq!(modules(root.path()), Some("/usr/lib/x86_64-linux-gnu/nvidia/xorg".into()));
    }
}
