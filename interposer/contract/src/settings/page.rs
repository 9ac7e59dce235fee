//! The text of `docs/settings.md`.

use std::fmt::Write;

use super::{Audience, Setting, TABLE};

const HEAD: &str = "\
<!-- Made from interposer/contract/src/settings/table.rs: GLXRUN_BLESS=1 cargo test -p glxrun-contract -->
# Settings

Each setting is a flag of `glxrun`, an environment variable, or both; a flag wins over the variable, and a variable
that is set but empty counts as unset. `glxrun` refuses a value that is not allowed and exits with status 125. The
preloaded library, where it finds one in the environment, says so once and goes on with the default.
";

/// Markdown that describes every row of [`TABLE`].
pub fn page() -> String {
    let mut page = String::from(HEAD);
    page += "\n| flag | variable | default |\n|---|---|---|\n";
    for setting in TABLE {
        let _ = writeln!(page, "| {} | `{}` | {} |", flags(setting), setting.env, setting.default);
    }
    for setting in TABLE {
        let _ = write!(page, "\n## {}\n\n{}.", setting.name, capitalised(setting.help));
        if !setting.detail.is_empty() {
            let _ = write!(page, " {}", setting.detail);
        }
        let _ = write!(page, "\n\n- Value: {}.\n- Default: {}.\n", setting.allowed, setting.default);
        page += match setting.audience {
            Audience::Launcher => "- Read by: the launcher.\n",
            Audience::Library => "- Read by: the library.\n",
            Audience::Both => "- Read by: the launcher and the library.\n",
        };
    }
    page
}

fn flags(setting: &Setting) -> String {
    let Some(flag) = setting.flag else { return "–".to_owned() };
    let short = setting.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    // A bar would end the table's cell.
    let metavar = setting.metavar.replace('|', "\\|");
    match setting.bare {
        Some(_) => format!("{short}`--{flag}[={metavar}]`"),
        None => format!("{short}`--{flag} {metavar}`"),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
