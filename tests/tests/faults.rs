//! Programs that end, fork and close at bad moments: each fares as it would direct. Whatever hangs fails by the harness's
//! deadline.

use glxrun_tests::faults::{APIS, Faults, status};
use glxrun_tests::{Program, Result, Stage, ensure};

/// Runs a case direct and split, by GLX and by EGL, and compares what it printed and how it ended.
fn same_as_direct(case: &str) -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for api in APIS {
        let words = [api, &[case]].concat();
        let direct = Program::run(faults.direct(&stage, &words)?)?;
        let split = Program::run(faults.split(&stage, &[], &words)?)?;
        ensure!(
            split.stdout == direct.stdout && status(&split) == status(&direct),
            "{words:?}: {split:?}\n is not\n{direct:?}"
        );
        ensure!(!split.stderr.contains("panicked"), "{words:?}: {split:?}");
    }
    Ok(())
}

macro_rules! same_as_direct {
    ($($name:ident: $case:literal;)*) => {
        $( #[test] fn $name() -> Result<()> { same_as_direct($case) } )*
    };
}

same_as_direct! {
    a_fork_before_opengl: "fork-before";
    a_fork_and_exec_between: "fork-between";
    a_fork_after_opengl: "fork-after";
    a_forked_child_that_exits: "fork-and-exit";
    forks_and_execs_while_another_thread_swaps: "fork-while-swapping";
    an_exec_with_a_context_current: "exec";
    threads_that_end_with_a_context_current: "thread-ends";
    the_library_closed_and_opened_again: "dlclose";
    an_exit_handler_that_draws: "atexit";
    an_exit_handler_that_draws_and_is_older_than_the_driver: "early-atexit";
    a_destructor_that_draws_in_a_new_context: "destructor";
    a_signal_handler_that_draws_and_exits: "signal";
    a_signal_handler_that_draws_during_exit: "late-signal";
    an_abort: "abort";
}

/// Split only: direct, Mesa crashes now and then.
#[test]
fn an_exit_while_another_thread_swaps() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for api in APIS {
        let words = [api, &["exit-elsewhere"]].concat();
        let ended = Program::run(faults.split(&stage, &[], &words)?)?;
        ensure!(ended.stdout == "exit\n" && status(&ended) == 5, "{words:?}: {ended:?}");
        ensure!(!ended.stderr.contains("panicked"), "{words:?}: {ended:?}");
    }
    Ok(())
}

/// Split only: with Mesa's own drivers the program ends at the second or third display.
#[test]
fn a_display_closed_with_a_context_current() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    for api in APIS {
        let words = [api, &["close-display"]].concat();
        let ended = Program::run(faults.split(&stage, &[], &words)?)?.success()?;
        ensure!(ended.stdout == "closed\nclosed\nclosed\nend\n", "{words:?}: {ended:?}");
    }
    Ok(())
}

/// GLXBadDrawable (GLX 1.4, 3.3.10 and 3.3.11) through the program's own handler, and the program goes on.
#[test]
fn drawables_that_are_none() -> Result<()> {
    let (stage, faults) = (Stage::start()?, Faults::compile()?);
    let ended = Program::run(faults.split(&stage, &[], &["dangling"])?)?.success()?;
    let bad = "error GLX+2 of request GLX";
    let swaps = format!("swap none\n{bad}\nswap one that never was\n{bad}\nswap one that is gone\n{bad}\n");
    ensure!(ended.stdout.starts_with(&swaps), "{ended:?}");
    for name in ["one that never was", "one that is gone"] {
        let current = format!("make current {name}\n{bad}\ngives 0\n");
        ensure!(ended.stdout.contains(&current), "{name}: {ended:?}");
    }
    ensure!(ended.stdout.ends_with("after the window's end\nend\n"), "{ended:?}");
    Ok(())
}
