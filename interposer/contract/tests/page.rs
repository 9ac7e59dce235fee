//! `docs/settings.md` says what the table says.

use std::path::Path;

#[test]
fn the_settings_page_is_what_the_table_yields() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let page = glxrun_contract::settings::page();
    if std::env::var_os("GLXRUN_BLESS").is_some() {
        std::fs::write(&file, &page).expect("docs/settings.md can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "docs/settings.md is out of date; run: GLXRUN_BLESS=1 cargo test -p glxrun-contract"
    );
}
